"""List the files below a folder, in the same order on every machine."""

import os
from collections.abc import Callable
from pathlib import Path


def files_below(folder: Path, skip: Callable[[str], bool]) -> list[Path]:
    """List all regular files below ``folder``, sorted by their POSIX path within it.

    Args:
        folder: the folder; links to folders are not followed.
        skip: called with the name of a file or folder; returns whether to omit it.

    Raises:
        OSError: A folder cannot be listed.
    """
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_fail):
        folders[:] = [name for name in folders if not skip(name)]
        files += [path for name in names if not skip(name) and (path := Path(parent, name)).is_file()]
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _fail(error: OSError) -> None:
    """Raise an error that ``os.walk`` would ignore."""
    raise error
