"""One writer per run: a lock that dies with its process."""

import errno
import os
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from charrnn.errors import RunError
from charrnn.storage.atomic import writing

LOCK_FILE = ".lock"
"""Of the file that is locked. It stays: the lock is the system's, not the file."""


NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What systems say that have no locks on a file system: some network folders, containers and telephones."""


class FolderLock:
    """Makes this process, and this job of it, the only one that writes to a run's folder.

    It is released when it is asked for, when it is forgotten, and when the process ends or is killed.

    Args:
        folder: the folder to lock.
        kind: what the folder holds, for the error message.

    Raises:
        RunError: Another one holds it, or the folder cannot be written.
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
        """See that what is locked is still the folder of that name; a lock that was removed is taken again.

        Raises:
            RunError: The folder is missing, or another one has its name.
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
        """Whether the file system has locks; where it has none, nothing keeps another process out."""
        return bool(self._held.is_locked)

    def release(self) -> None:
        """Let others write there."""
        self._held.release()


def is_locked(folder: Path) -> bool:
    """Whether another one holds the lock at this moment."""
    held = _lock_in(folder)
    try:
        held.acquire(blocking=False)
    except Timeout:
        return True
    except (NotImplementedError, OSError):  # who is to write there will tell
        return False
    held.release()
    return False


def _lock_in(folder: Path) -> FileLock:
    """The lock of a folder; never a mere file in its place, which would outlast a process that is killed."""
    try:
        return FileLock(folder / LOCK_FILE, thread_local=False, fallback_to_soft=False)
    except TypeError:  # older versions of filelock have no such fallback
        return FileLock(folder / LOCK_FILE, thread_local=False)


def _has_no_locks(error: Exception) -> bool:
    """Whether an error says so: older versions of filelock raise a NotImplementedError."""
    return isinstance(error, NotImplementedError) or (isinstance(error, OSError) and error.errno in NO_LOCKS)
