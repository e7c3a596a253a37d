"""Writing files so that nobody ever sees half of one, whenever the process is killed or the disk is full.

Every change of a file goes through the functions of ``os``, so that a test can let each of them fail.
"""

import contextlib
import errno
import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from charrnn.errors import RunError

WRITTEN_AT_ONCE = 1 << 20
"""Bytes written at a time."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How the system says that there is no room."""


def write_atomically(path: Path, data: bytes | Iterable[bytes | memoryview], *, beside: Path | None = None) -> None:
    """Write ``data`` to ``path``, which holds either its old content or all of the new one at any moment.

    Args:
        path: The file to make or replace. Its folder must exist.
        data: The content, whole or in pieces that are written one after the other.
        beside: A path in the same folder, of which `leftovers` are what a killed process leaves; ``path`` if not given.

    Raises:
        OSError: The file cannot be written; ``path`` is as it was before.
    """
    temporary = _temporary(beside or path)
    try:
        with _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
            for piece in [data] if isinstance(data, bytes) else data:
                _write(descriptor, piece)
            os.fsync(descriptor)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:  # KeyboardInterrupt too
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    sync_folder(path.parent)


def append(path: Path, data: bytes) -> None:
    """Add ``data`` at the end of ``path``, all or nothing, and return when it is on the disk.

    A process that is killed may leave a part of it.

    Raises:
        OSError: The file cannot be written; ``path`` is as it was before.
    """
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as descriptor:
        size = os.fstat(descriptor).st_size
        try:
            _write(descriptor, data)
            os.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise


def link_or_copy(source: Path, path: Path, beside: Path) -> None:
    """Make ``path`` another name of the file ``source``, or a copy of it where there are no such names.

    Args:
        source: The file.
        path: The other name; an older file of that name is replaced.
        beside: A path in the same folder, of which `leftovers` are what a killed process leaves.

    Raises:
        OSError: It cannot be made; an older file is as it was before.
    """
    temporary = _temporary(beside)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
        os.link(source, temporary)
    except OSError:
        with source.open("rb") as file:
            write_atomically(path, iter(lambda: file.read(WRITTEN_AT_ONCE), b""), beside=beside)
    else:
        os.replace(temporary, path)  # noqa: PTH105
        with contextlib.suppress(FileNotFoundError):  # nothing happens if both names are of one file already
            os.unlink(temporary)  # noqa: PTH108
        sync_folder(path.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def abandon(path: Path) -> None:
    """Remove what this process has written so far of the new ``path``, in case that it ends now."""
    with contextlib.suppress(OSError):
        os.unlink(_temporary(path))  # noqa: PTH108


def leftovers(path: Path) -> list[Path]:
    """The temporary files of ``path`` that killed processes left; of those still writing it, too."""
    return sorted(path.parent.glob(f".{glob.escape(path.name)}.*.tmp"))


def reason(error: BaseException) -> str:
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
        advice = "free some space or choose" if error.errno in FULL else "choose"
        raise RunError(f"cannot write {path}: {reason(error)}; {advice} another folder with --checkpoints") from error


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of ``data``; a disk that is nearly full takes a part of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest[:WRITTEN_AT_ONCE]) :]


def sync_folder(folder: Path) -> None:
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
