"""Text on its way out: as it is into a file or pipe, and harmless on a terminal."""

import codecs
import sys
import time
from select import select
from typing import TextIO

from charrnn.text.surrogates import CODE_UNIT, begun_pair, to_characters

SHOWN = "\n\t"
"""Control characters that a terminal is given."""

DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What turns the direction of writing, which would go on in what follows."""

CONTROLS = [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in SHOWN]
"""All others, C0, DEL and C1: they could move the cursor, set colours or type answers."""

ESCAPES = {code: f"\\x{code:02x}" for code in CONTROLS} | {code: f"\\u{code:04x}" for code in DIRECTIONS}
"""What a terminal is shown for them."""


PIECE = 4096
"""Bytes that a pipe takes whole or not at all."""

PORTION = PIECE // 4
"""Symbols that are no more."""

_begun: list[float] = []
"""When the piece was begun that is being written; empty if none is."""


class Display:
    """Writes symbols of a model of ``unit`` to stdout, at once.

    Attributes:
        is_terminal: whether somebody looks at it; control characters are shown escaped then, as are bytes that are
            not UTF-8.
    """

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._unit = unit
        self.is_terminal = self._stream.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._half = ""
        """The first half of a character of a model of code units."""
        self._return = ""
        """A carriage return, if the last piece ended with one: a newline may follow."""

    def write(self, symbols: str) -> None:
        """Write and flush; the end of a character may come with the next piece."""
        if self._unit == CODE_UNIT:
            symbols = self._half + symbols
            self._half = begun_pair(symbols)
            symbols = to_characters(symbols.removesuffix(self._half))
        if self.is_terminal:
            self._write_text(self._decoder.decode(symbols.encode("latin-1")) if self._unit == "byte" else symbols)
        else:
            put(symbols.encode("latin-1" if self._unit == "byte" else "utf-8"), self._stream)

    def end(self) -> None:
        """The text is complete: show what a character's first bytes were held back for."""
        self._write_text(self._decoder.decode(b"", final=True) + to_characters(self._half), final=True)
        self._half = ""

    def line(self, text: str) -> None:
        """Write a line that is not of the model."""
        self._write_text(f"{text}\n")

    def _write_text(self, text: str, *, final: bool = False) -> None:
        if self.is_terminal:
            text = self._return + text
            self._return = "\r" if text.endswith("\r") and not final else ""
            text = harmless(text.removesuffix(self._return))
        put(text, self._stream)


def harmless(text: str) -> str:
    """A text as a terminal is shown it; a carriage return before a newline would change nothing there."""
    return text.replace("\r\n", "\n").translate(ESCAPES)


def put(text: str | bytes, stream: TextIO) -> None:
    """Write all of a text past the stream's buffer.

    What a signal has kept from being written is not tried again when Python ends. And where Python has no buffer
    (PYTHONUNBUFFERED), a stream would leave out what a signal has interrupted.
    """
    data = memoryview(text.encode(stream.encoding, stream.errors or "strict") if isinstance(text, str) else text)
    stream.flush()
    raw = getattr(stream.buffer, "raw", stream.buffer)
    try:
        while data:
            _begun[:] = [time.monotonic()]
            written = raw.write(data[:PIECE])
            if written is None:  # who shares the stream has made it a non-blocking one
                select([], [raw], [])
            data = data[written or 0 :]
    finally:
        _begun.clear()


def stalled() -> float:
    """Seconds for which the reader has not taken what is being written; 0 if nothing is."""
    return time.monotonic() - _begun[0] if _begun else 0.0
