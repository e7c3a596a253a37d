"""One writer per run: a lock that dies with its process."""

from pathlib import Path

from filelock import FileLock, Timeout

from charrnn.errors import RunError
from charrnn.storage.atomic import writing

NAME = ".lock"
"""Of the file that is locked. It stays: the lock is the system's, not the file."""


TAKEN = "the run {folder} is being trained by another process: wait until it ends, or choose another --name"


def lock(folder: Path, taken: str = TAKEN) -> FileLock:
    """Become the only process, and the only job of this process, that writes to a run's folder.

    Args:
        folder: the run's.
        taken: what to tell if another one holds it.

    Returns:
        The lock, to be released; it is released too when it is forgotten, and when the process ends or is killed.

    Raises:
        RunError: Another one holds it, or the folder cannot be written.
    """
    held = FileLock(folder / NAME, thread_local=False)
    with writing(folder):
        try:
            held.acquire(blocking=False)
        except Timeout:
            raise RunError(taken.format(folder=folder)) from None
    return held


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
