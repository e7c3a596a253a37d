"""The files below a folder, in an order that is the same on every machine."""

import os
from collections.abc import Callable
from pathlib import Path


def files_below(folder: Path, skip: Callable[[str], bool]) -> list[Path]:
    """All regular files below ``folder``, sorted by their POSIX path within it.

    Args:
        folder: where to look; links to folders are not followed.
        skip: tells of a name whether that file, or the whole folder of that name, is left out.

    Raises:
        OSError: a folder cannot be listed.
    """
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_fail):
        folders[:] = [name for name in folders if not skip(name)]
        files += [path for name in names if not skip(name) and (path := Path(parent, name)).is_file()]
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _fail(error: OSError) -> None:
    """Raise what ``os.walk`` would pass over in silence."""
    raise error
