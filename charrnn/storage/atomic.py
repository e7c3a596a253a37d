"""Writing a file so that nobody ever sees half of it, whenever the process is killed."""

import contextlib
import errno
import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from charrnn.errors import RunError


def write_atomically(path: Path, data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write ``data`` to ``path``, which holds either its old content or all of the new one at any moment.

    Args:
        path: The file to make or replace. Its folder must exist.
        data: The content, whole or in pieces that are written one after the other.

    Raises:
        OSError: The file cannot be written; ``path`` is as it was before.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # KeyboardInterrupt too
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def leftovers(path: Path) -> list[Path]:
    """The temporary files of ``path`` that killed processes left; of those still writing it, too."""
    return sorted(path.parent.glob(f".{glob.escape(path.name)}.*.tmp"))


def reason(error: Exception) -> str:
    """Why ``error`` happened, in one line and without the path that its message repeats."""
    return " ".join((getattr(error, "strerror", None) or str(error)).split())


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the body's failure to write ``path`` into one line for the user.

    Raises:
        RunError: The body raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {reason(error)}; free some space or choose another folder with --checkpoints"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` outlast a power cut, where the platform can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)
