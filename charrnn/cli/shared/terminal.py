"""Writing text: unchanged to a file or pipe, with control characters escaped to a terminal."""

import os
import select
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any, TextIO

from charrnn.cli.shared.signals import signals
from charrnn.system import WINDOWS

SHOWN = "\n\t"
"""Control characters that are written to a terminal unchanged."""

DIRECTION_CODES = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that change the writing direction, also of the text that follows."""

CONTROLS = [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in SHOWN]
"""All other control characters (C0, DEL, C1): they could move the cursor, set colours or send answers."""

CONTROL_ESCAPES = {code: f"\\x{code:02x}" for code in CONTROLS} | {code: f"\\u{code:04x}" for code in DIRECTION_CODES}
"""The escapes that a terminal shows instead."""

PIPE_BYTES = getattr(select, "PIPE_BUF", 4096)
"""Bytes that a pipe accepts without waiting once it is ready for writing."""

STALL_SECONDS = 1.0
"""Seconds that a stalled reader may delay the exit after a signal."""

LOOK = 0.1
"""Seconds between two checks for a signal while a reader is stalled."""


def harmless(text: str) -> str:
    """Escape a text for a terminal; a carriage return before a newline is dropped."""
    return text.replace("\r\n", "\n").translate(CONTROL_ESCAPES)


def put(text: str | bytes, stream: TextIO) -> None:
    """Write all of a text, bypassing the stream's buffer.

    With a buffer, Python would write the rest of an interrupted text again when it exits, and an unbuffered stream
    (PYTHONUNBUFFERED) would lose a part. While signals are only noted (``Signals.keep``), writing does not block: so a
    signal is noticed even if the reader is slow.

    Raises:
        TimeoutError: A signal was noted, and the reader has read nothing for ``STALL_SECONDS``.
        OSError: The text cannot be written.
    """
    data = memoryview(text.encode(stream.encoding, stream.errors or "strict") if isinstance(text, str) else text)
    stream.flush()
    raw = getattr(stream.buffer, "raw", stream.buffer)
    with _never_waiting(raw) if signals.keeping else nullcontext(raw) as file:
        since, misses = time.monotonic(), 0
        while data:
            if written := (file is not raw or _is_ready(raw)) and file.write(data[: _whole(data)]):
                data, since, misses = data[written:], time.monotonic(), 0
            elif signals.noted and time.monotonic() - since > STALL_SECONDS:
                raise TimeoutError("the reader has stalled")
            elif misses:  # the terminal has no room for a whole character
                time.sleep(LOOK)
            else:
                misses = _is_ready(file)


def _whole(data: memoryview) -> int:
    """Number of bytes to write at a time: no more than PIPE_BYTES, and no part of a character in UTF-8.

    Windows' console shows a character that comes in two writes as two wrong ones.
    """
    length = min(len(data), PIPE_BYTES)
    for end in range(length, max(length - 4, 0), -1):
        if end == len(data) or data[end] & 0xC0 != 0x80:  # a character begins here
            return end
    return length


def _is_ready(file: Any) -> bool:
    """Whether a file accepts bytes within LOOK seconds; True for what is neither a pipe nor a terminal of POSIX."""
    try:
        return bool(select.select([], [file], [], LOOK)[1])
    except (OSError, ValueError, TypeError):
        return True


@contextmanager
def _never_waiting(raw: Any) -> Iterator[Any]:
    """Open a pipe or terminal anew with writes that do not block; yield the file itself if that is impossible.

    The file itself stays blocking, as other processes share it. On Windows another thread writes.
    """
    with ExitStack() as opened:
        file = raw
        with suppress(AttributeError, OSError):
            descriptor = raw.fileno()
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                pass
            elif WINDOWS:
                file = OtherThread(raw)
            else:
                flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
                again = os.open(f"/proc/self/fd/{descriptor}", flags)
                file = opened.enter_context(open(again, "wb", buffering=0))  # noqa: PTH123
        yield file


class OtherThread:
    """Writes to a file in threads of their own, where the system cannot tell whether a pipe has room.

    A thread may be left waiting for a stalled reader; it ends with the process.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._thread: threading.Thread | None = None
        self._written = 0
        self._failure: OSError | None = None

    def write(self, data: memoryview) -> int:
        """Write data, or go on waiting for the write of these data that an earlier call began.

        Returns:
            The number of bytes written; 0 if the file has not accepted them within LOOK seconds.

        Raises:
            OSError: The file cannot be written.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, args=(bytes(data),), daemon=True)
            self._thread.start()
        self._thread.join(LOOK)
        if self._thread.is_alive():
            return 0
        self._thread = None
        if self._failure:
            raise self._failure
        return self._written

    def _write(self, data: bytes) -> None:
        try:
            self._written = self._raw.write(data)
        except OSError as error:
            self._failure = error
