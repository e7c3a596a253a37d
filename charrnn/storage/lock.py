"""One writer per run: a lock that ends with the process that holds it."""

import errno
import os
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from charrnn.errors import RunError
from charrnn.storage.atomic import writing

LOCK_FILE = ".lock"
"""Name of the locked file. It is never removed: what counts is the operating system's lock on it, not its existence."""


NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
"""Error numbers of file systems without locks: some network folders, containers and telephones."""


class FolderLock:
    """A lock that only one job of one process can hold on a run's or sweep's folder.

    It is released by ``release``, when the object is deleted, and when the process ends or is killed.

    Args:
        folder: the folder to lock.
        kind: what the folder holds, for the error message.

    Raises:
        RunError: Another job holds the lock, or the folder cannot be written.
    """

    def __init__(self, folder: Path, kind: Literal["run", "sweep"] = "run") -> None:
        self._folder, self._kind = folder, kind
        self._acquire()

    def _acquire(self) -> None:
        self._held = _lock_in(self._folder)
        with writing(self._folder):
            try:
                self._held.acquire(blocking=False)
            except Timeout:
                raise RunError(
                    f"the {self._kind} {self._folder} is in use by another process: wait until that ends, or give this "
                    f"{self._kind} another name"
                ) from None
            except (NotImplementedError, OSError) as error:
                if not _has_no_locks(error):
                    raise
                (self._folder / LOCK_FILE).touch()
            self._file = (self._folder / LOCK_FILE).stat()

    def check(self) -> None:
        """Check that the folder's path still leads to the folder that was locked.

        If only the lock file is missing, lock the folder again.

        Raises:
            RunError: The folder is missing, or was replaced by another one.
        """
        with writing(self._folder):
            self._folder.stat()
            try:
                kept = os.path.samestat(self._file, (self._folder / LOCK_FILE).stat())
            except FileNotFoundError:
                self._acquire()
                return
        if not kept:
            raise RunError(
                f"cannot write {self._folder}: the folder was replaced, or trained by another process meanwhile; put "
                "an empty one in its place, and this run is saved there"
            )

    @property
    def keeps_others_out(self) -> bool:
        """Whether the lock works: without locks of the file system, other processes may write too."""
        return bool(self._held.is_locked)

    def release(self) -> None:
        """Release the lock."""
        self._held.release()


def is_locked(folder: Path) -> bool:
    """Whether another job holds the lock at this moment."""
    held = _lock_in(folder)
    try:
        held.acquire(blocking=False)
    except Timeout:
        return True
    except (NotImplementedError, OSError):  # an attempt to write there reports it
        return False
    held.release()
    return False


def _lock_in(folder: Path) -> FileLock:
    """Create a folder's lock, without filelock's fallback to a plain file, which would outlast a killed process."""
    try:
        return FileLock(folder / LOCK_FILE, thread_local=False, fallback_to_soft=False)
    except TypeError:  # older versions of filelock lack the fallback
        return FileLock(folder / LOCK_FILE, thread_local=False)


def _has_no_locks(error: Exception) -> bool:
    """Whether an error means that there are no locks; older versions of filelock raise NotImplementedError."""
    return isinstance(error, NotImplementedError) or (isinstance(error, OSError) and error.errno in NO_LOCKS)
