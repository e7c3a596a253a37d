"""Text on its way out: as it is into a file or pipe, and harmless on a terminal."""

import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any, TextIO

from charrnn.cli.shared.signals import signals

SHOWN = "\n\t"
"""Control characters that a terminal is given."""

DIRECTION_CODES = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What turns the direction of writing, which would go on in what follows."""

CONTROLS = [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in SHOWN]
"""All others, C0, DEL and C1: they could move the cursor, set colours or type answers."""

CONTROL_ESCAPES = {code: f"\\x{code:02x}" for code in CONTROLS} | {code: f"\\u{code:04x}" for code in DIRECTION_CODES}
"""What a terminal is shown for them."""

PIPE_BYTES = getattr(select, "PIPE_BUF", 4096)
"""Bytes that a pipe takes without waiting, once it is ready for any."""

STALL_SECONDS = 1.0
"""Seconds that a reader may keep the text waiting after a signal."""

LOOK = 0.1
"""Seconds between two looks whether a signal came, while the reader keeps the text waiting."""


def harmless(text: str) -> str:
    """A text as a terminal is shown it; a carriage return before a newline would change nothing there."""
    return text.replace("\r\n", "\n").translate(CONTROL_ESCAPES)


def put(text: str | bytes, stream: TextIO) -> None:
    """Write all of a text past the stream's buffer.

    What a signal has kept from being written is not tried again when Python ends. And where Python has no buffer
    (PYTHONUNBUFFERED), a stream would leave out what a signal has interrupted. While something is kept, writing does
    not wait for a reader, so that a signal is seen meanwhile.

    Raises:
        TimeoutError: a signal was noted, and for PATIENCE the reader has taken nothing.
        OSError: the text cannot be written.
    """
    data = memoryview(text.encode(stream.encoding, stream.errors or "strict") if isinstance(text, str) else text)
    stream.flush()
    raw = getattr(stream.buffer, "raw", stream.buffer)
    with _never_waiting(raw) if signals.keeping else nullcontext(raw) as file:
        since, misses = time.monotonic(), 0
        while data:
            if written := (file is not raw or _is_ready(raw)) and file.write(data[:PIPE_BYTES]):
                data, since, misses = data[written:], time.monotonic(), 0
            elif signals.noted and time.monotonic() - since > STALL_SECONDS:
                raise TimeoutError("the reader has stalled")
            elif misses:  # a terminal that is ready, but not for a whole character
                time.sleep(LOOK)
            else:
                misses = _is_ready(file)


def _is_ready(raw: Any) -> bool:
    """Whether a file takes some bytes, now or within LOOK seconds."""
    try:
        return os.name == "nt" or bool(select.select([], [raw], [], LOOK)[1])
    except (OSError, ValueError):  # it is none of the system's
        return True


@contextmanager
def _never_waiting(raw: Any) -> Iterator[Any]:
    """A pipe or terminal as another file whose writes do not wait; the file itself where there is no such file.

    That stays as it is: other processes share it.
    """
    with ExitStack() as opened:
        file = raw
        with suppress(AttributeError, OSError):
            descriptor = raw.fileno()
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
                again = os.open(f"/proc/self/fd/{descriptor}", flags)
                file = opened.enter_context(open(again, "wb", buffering=0))  # noqa: PTH123
        yield file
