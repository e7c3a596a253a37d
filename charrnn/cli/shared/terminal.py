"""Drawn text on its way out: as it is into a file or pipe, and harmless on a terminal."""

import codecs
import sys
from typing import TextIO

SHOWN = "\n\t"
"""Control characters that a terminal is given."""

ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in SHOWN}
"""All others, C0, DEL and C1: they could move the cursor, set colours or type answers."""


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

    def write(self, symbols: str) -> None:
        """Write and flush; the end of a UTF-8 character may come with the next piece."""
        if self.is_terminal:
            self._write_text(self._decoder.decode(symbols.encode("latin-1")) if self._unit == "byte" else symbols)
        else:
            self._stream.flush()
            self._stream.buffer.write(symbols.encode("latin-1" if self._unit == "byte" else "utf-8"))
            self._stream.buffer.flush()

    def end(self) -> None:
        """The text is complete: show what a character's first bytes were held back for."""
        self._write_text(self._decoder.decode(b"", final=True))

    def line(self, text: str) -> None:
        """Write a line that is not of the model."""
        self._write_text(f"{text}\n")

    def _write_text(self, text: str) -> None:
        self._stream.write(text.translate(ESCAPES) if self.is_terminal else text)
        self._stream.flush()
