"""Symbols of a model on their way to stdout: characters and bytes are put together, and kept harmless on a terminal."""

import codecs
import sys
from typing import TextIO

from charrnn.cli.shared.terminal import harmless, put
from charrnn.text.surrogates import CODE_UNIT, begun_pair, to_characters

PORTION = 1024
"""Symbols that are drawn before they are written: of at most four bytes each, they fit into a pipe."""


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
