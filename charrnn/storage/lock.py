"""One writer per run: a lock that dies with its process."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

from charrnn.errors import RunError
from charrnn.storage.atomic import writing

NAME = ".lock"
"""Of the file that is locked. It stays: the lock is the system's, not the file."""


TAKEN = "the run {folder} is being trained by another process: wait until it ends, or choose another --name"


class FolderLock:
    """Makes this process, and this job of it, the only one that writes to a run's folder.

    It is released when it is asked for, when it is forgotten, and when the process ends or is killed.

    Args:
        folder: the run's.
        taken: what to tell if another one holds it.

    Raises:
        RunError: Another one holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path, taken: str = TAKEN) -> None:
        self._folder, self._taken = folder, taken
        self._acquire()

    def _acquire(self) -> None:
        self._held = FileLock(self._folder / NAME, thread_local=False)
        with writing(self._folder):
            try:
                self._held.acquire(blocking=False)
            except Timeout:
                raise RunError(self._taken.format(folder=self._folder)) from None
            self._file = (self._folder / NAME).stat()

    def check(self) -> None:
        """See that what is locked is still the folder of that name; a lock that was removed is taken again.

        Raises:
            RunError: The folder is missing, or another one has its name.
        """
        with writing(self._folder):
            self._folder.stat()
            try:
                kept = os.path.samestat(self._file, (self._folder / NAME).stat())
            except FileNotFoundError:
                self._acquire()
                return
        if not kept:
            raise RunError(
                f"cannot write {self._folder}: the folder was replaced, or trained by another process meanwhile; put "
                "an empty one in its place, and this run is saved there"
            )

    def release(self) -> None:
        """Let others write there."""
        self._held.release()


def is_locked(folder: Path) -> bool:
    """Whether another one holds the lock at this moment."""
    held = FileLock(folder / NAME, thread_local=False)
    try:
        held.acquire(blocking=False)
    except Timeout:
        return True
    except OSError:  # who is to write there will tell
        return False
    held.release()
    return False
