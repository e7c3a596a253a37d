"""How a new run takes the place of what its folder holds.

All that it saves first is written into a folder of its own, its last checkpoint at the end. From then on the new run
counts, and its files are put in their places. Whenever the process is killed, whoever trains the run next finds wholly
the older run or wholly the new one.
"""

import contextlib
import os

from charrnn.storage.atomic import link_or_copy, sync_folder
from charrnn.storage.run_files import RunFiles


def replace(run: RunFiles, new: RunFiles) -> None:
    """Put the files of ``new``, which has a last checkpoint, in the places of those of ``run``.

    They keep their names in ``new`` until all is done, so that a part of this can be done again.

    Raises:
        OSError: A file cannot be made or removed.
    """
    sync_folder(run.folder)  # nothing old may go before the disk knows of the new
    names = [path.name for path in (*new.files, new.corpus) if path.is_file()]
    for path in run.files:
        if path.name not in names:
            _remove(path)
    for name in names:  # the first is the last checkpoint: whatever else is there, it can be resumed
        link_or_copy(new.folder / name, run.folder / name, beside=run.folder / name)
    _remove(new.last)
    sync_folder(new.folder)  # or else a power cut might bring it back, and have the older files removed again


def settle(run: RunFiles, new: RunFiles) -> None:
    """Finish what a killed process began to replace, or remove what it had not yet written whole; no trace stays.

    Raises:
        OSError: A file cannot be made or removed.
    """
    if new.last.is_file():
        replace(run, new)
    with contextlib.suppress(FileNotFoundError):
        for path in new.folder.iterdir():
            _remove(path)
        os.rmdir(new.folder)  # noqa: PTH106


def _remove(path: os.PathLike[str]) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
