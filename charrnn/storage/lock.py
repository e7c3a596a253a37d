"""One writer per run: a lock that dies with its process."""

from pathlib import Path

from filelock import FileLock, Timeout

from charrnn.errors import RunError
from charrnn.storage.atomic import writing

NAME = ".lock"
"""Of the file that is locked. It stays: the lock is the system's, not the file."""


def lock(folder: Path) -> FileLock:
    """Become the only process, and the only job of this process, that writes to a run's folder.

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
            raise RunError(
                f"the run {folder} is being trained by another process: wait until it ends, or choose another --name"
            ) from None
    return held


def is_locked(folder: Path) -> bool:
    """Whether another one trains the run at this moment."""
    if not (folder / NAME).exists():
        return False
    try:
        lock(folder).release()
    except RunError:
        return True
    return False
