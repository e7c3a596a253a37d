"""Replacement of an older run by a new one of the same name.

The new run first saves into a folder inside the older one, its last checkpoint at the end. Then its files replace the
older ones. Whenever the process is killed, the next job finds either the whole older run or the whole new one.
"""

import contextlib
import os
import shutil

from charrnn.storage.atomic import link_or_copy, sync_folder
from charrnn.storage.run_files import RunFiles
from charrnn.system import is_in_use, remove


def replace(run: RunFiles, new: RunFiles) -> None:
    """Replace the files of ``run`` by those of ``new``, which has a last checkpoint.

    The files keep their names in ``new`` until the end, so that an interrupted replacement can be repeated.

    Raises:
        OSError: A file cannot be created or removed.
    """
    sync_folder(run.folder)  # the new folder must be on the disk before old files are removed
    names = [path.name for path in (*new.files, new.corpus) if path.is_file()]
    for path in run.files:
        if path.name not in names:
            _remove(path)
    for folder in run.member_folders:
        shutil.rmtree(folder)
    for name in names:  # the first is the last checkpoint, which suffices to resume
        link_or_copy(new.folder / name, run.folder / name, beside=run.folder / name)
    _remove(new.last)
    sync_folder(new.folder)  # else a power cut might undo the removal, and the files be replaced again


def settle(run: RunFiles, new: RunFiles) -> None:
    """Clean up after a killed process, which may have left a new run beside the older one.

    If the new run has a last checkpoint, it replaces the older run; otherwise it is removed.

    Raises:
        OSError: A file cannot be created or removed.
    """
    if new.last.is_file():
        replace(run, new)
    kept = False
    with contextlib.suppress(FileNotFoundError):
        for path in new.folder.iterdir():
            try:
                os.unlink(path)  # noqa: PTH108
            except OSError as error:  # the text, which the run that trains reads there: its next job removes it
                if not is_in_use(error):
                    raise
                kept = True
        if not kept:
            os.rmdir(new.folder)  # noqa: PTH106


def _remove(path: os.PathLike[str]) -> None:
    with contextlib.suppress(FileNotFoundError):
        remove(path)
