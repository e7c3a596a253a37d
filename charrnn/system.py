"""Calls of the operating system that differ between Linux, macOS and Windows.

The rest of the package calls these functions and asks for no platform; docs/platforms.md says what was run where.
"""

import contextlib
import errno
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

WINDOWS = sys.platform == "win32"

MACOS = sys.platform == "darwin"

BUSY = {5, 32, 33, 1224}
"""Windows' error numbers for a file that another process reads, scans or maps: access denied, sharing violation, lock
violation, user-mapped section."""

PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries to change a busy file: virus scanners and readers let go of it within about a second."""

DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE | re.DOTALL)
"""Names that Windows keeps for devices, with any suffix."""

FULL_SYNC = 51
"""macOS's number of ``fcntl.F_FULLFSYNC``."""

NEW_GROUP = 0x200
"""Windows' flag for a process in a group of its own (``subprocess.CREATE_NEW_PROCESS_GROUP``)."""


def fits_everywhere(name: str) -> bool:
    """Whether Windows, too, could have a folder of this name, so that it can be carried from system to system."""
    return not (re.search(r'[<>:"/\\|?*\x00-\x1f]', name) or name.endswith((".", " ")) or DEVICE.fullmatch(name))


def sync(descriptor: int) -> None:
    """Return when an open file's content is on the disk.

    On macOS, ``fsync`` only hands it to the drive, which may lose it in a power cut. ``F_FULLFSYNC`` waits for the
    drive; network file systems lack it.
    """
    if MACOS:
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, FULL_SYNC)
            return
    os.fsync(descriptor)


def move(source: Path, target: Path) -> None:
    """Rename a file, which replaces an older file, or a folder; on Windows try again while a file is in use."""
    _persist(lambda: os.replace(source, target))  # noqa: PTH105


def remove(path: os.PathLike[str]) -> None:
    """Remove a file; on Windows try again while it is in use."""
    _persist(lambda: os.unlink(path))  # noqa: PTH108


def is_in_use(error: OSError) -> bool:
    """Whether Windows refused to change a file because a process has it open or mapped."""
    return WINDOWS and getattr(error, "winerror", None) in BUSY


def _persist(change: Callable[[], None]) -> None:
    for pause in PAUSES:
        try:
            change()
            return
        except OSError as error:
            if not is_in_use(error):
                raise
            time.sleep(pause)
    change()


def scratch_file(folder: Path) -> IO[bytes]:
    """Create a file in ``folder`` to write and read, which vanishes when it is closed.

    On Windows, older versions of ``tempfile`` take a folder that cannot be written for a name that is taken, and try
    billions of names.

    Raises:
        OSError: The folder cannot be written.
    """
    path = folder / f".{os.urandom(8).hex()}.tmp"
    vanishing = getattr(os, "O_TEMPORARY", 0) | getattr(os, "O_BINARY", 0)  # both only on Windows
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | vanishing, 0o600)
    if not vanishing:
        os.unlink(path)  # noqa: PTH108
    return os.fdopen(descriptor, "w+b")


def is_closed_pipe(error: BaseException | None) -> bool:
    """Whether an error means that the reader of a pipe has closed it, which Windows calls an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    return WINDOWS and isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None


def out_of_reach() -> dict[str, Any]:
    """Keywords of ``subprocess.Popen`` for a process that Ctrl-C in this process's terminal does not reach."""
    return {"creationflags": NEW_GROUP} if WINDOWS else {"start_new_session": True}


def performance_cores() -> int:
    """Number of macOS's fast cores; 0 where all cores are alike, and on other systems."""
    if not MACOS:
        return 0
    import ctypes

    value, size = ctypes.c_int(0), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
    sysctlbyname = ctypes.CDLL(None).sysctlbyname
    name = b"hw.perflevel0.logicalcpu"
    failed = sysctlbyname(name, ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    return 0 if failed else value.value
