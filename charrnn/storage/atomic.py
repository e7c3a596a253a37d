"""Writing files whole or not at all, even if the process is killed or the disk is full.

All changes of files use functions of ``os``, here and in ``charrnn.system``, so that a test can make each of them fail.
"""

import contextlib
import errno
import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from charrnn.errors import RunError
from charrnn.system import move, sync

WRITTEN_AT_ONCE = 1 << 20
"""Bytes written at a time."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk."""


def write_atomically(path: Path, data: bytes | Iterable[bytes | memoryview], *, beside: Path | None = None) -> None:
    """Write ``data`` to ``path`` so that at any moment the file holds its old content or all of the new.

    Args:
        path: The file to create or replace. Its folder must exist.
        data: The content, whole or in pieces that are written one after the other.
        beside: A path in the same folder, whose `leftovers` include the temporary file; ``path`` if not given.

    Raises:
        OSError: The file cannot be written; ``path`` is unchanged.
    """
    temporary = _temporary(beside or path)
    try:
        with _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
            for piece in [data] if isinstance(data, bytes) else data:
                _write(descriptor, piece)
            sync(descriptor)
        move(temporary, path)
    except BaseException:  # KeyboardInterrupt too
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    sync_folder(path.parent)


def append(path: Path, data: bytes) -> None:
    """Append all of ``data`` to ``path`` or, if that fails, nothing; return when it is on the disk.

    Only a killed process may leave a part of it.

    Raises:
        OSError: The file cannot be written; ``path`` is unchanged.
    """
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as descriptor:
        size = os.fstat(descriptor).st_size
        try:
            _write(descriptor, data)
            sync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise


def link_or_copy(source: Path, path: Path, beside: Path) -> None:
    """Make ``path`` a hard link to ``source``, or a copy if the file system has no hard links.

    Args:
        source: The file.
        path: The link, which replaces an older file.
        beside: A path in the same folder, whose `leftovers` include the temporary file.

    Raises:
        OSError: The link cannot be made; an older file is unchanged.
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
        move(temporary, path)
        with contextlib.suppress(FileNotFoundError):  # a rename leaves it if both names are already one file
            os.unlink(temporary)  # noqa: PTH108
        sync_folder(path.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def abandon(path: Path) -> None:
    """Remove this process's temporary file of ``path``, before the process ends."""
    with contextlib.suppress(OSError):
        os.unlink(_temporary(path))  # noqa: PTH108


def leftovers(path: Path) -> list[Path]:
    """List the temporary files of ``path``, of killed processes and of those still writing."""
    return sorted(path.parent.glob(f".{glob.escape(path.name)}.*.tmp"))


def reason(error: BaseException) -> str:
    """Return the cause of ``error`` in one line, without the path."""
    return " ".join((getattr(error, "strerror", None) or str(error)).split())


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the body, which writes ``path``, into a RunError for the user.

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
    """Write all of ``data``, as one call may write only a part of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest[:WRITTEN_AT_ONCE]) :]


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` survive a power cut, where the platform can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        return
    try:
        sync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync folders
            raise
    finally:
        os.close(descriptor)
