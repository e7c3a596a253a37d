"""Writing a model's symbols to stdout: bytes are joined to characters, and escaped on a terminal."""

import codecs
import sys
from typing import TextIO

from charrnn.cli.shared.terminal import harmless, put
from charrnn.text.surrogates import CODE_UNIT, begun_pair, to_characters

PORTION = 1024
"""Symbols that are written at a time: with at most four bytes each, they fit into a pipe."""


class Display:
    """A display of a model's symbols, which writes them to stdout without delay.

    Attributes:
        is_terminal: whether stdout is a terminal, where control characters and bytes that are not UTF-8 are escaped.

    Args:
        unit: the unit of the model's vocabulary, such as "character" or "byte".
        stream: the stream to write to; stdout if None.
    """

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._unit = unit
        self.is_terminal = self._stream.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._half = ""
        """The first half of a character of a model of code units."""
        self._return = ""
        """A carriage return that ended the last piece, as a newline may follow."""

    def write(self, symbols: str) -> None:
        """Write symbols; an incomplete character waits for the symbols that complete it.

        On a terminal, the first bytes of a character wait for its other bytes, and a carriage return for a newline. The
        first half of a pair waits for the second half.
        """
        if self._unit == CODE_UNIT:
            symbols = self._half + symbols
            self._half = begun_pair(symbols)
            symbols = to_characters(symbols.removesuffix(self._half))
        if self.is_terminal:
            self._write_text(self._decoder.decode(symbols.encode("latin-1")) if self._unit == "byte" else symbols)
        else:
            put(symbols.encode("latin-1" if self._unit == "byte" else "utf-8"), self._stream)

    def end(self) -> None:
        """Write the bytes that were held back, as the text is complete."""
        self._write_text(self._decoder.decode(b"", final=True) + to_characters(self._half), final=True)
        self._half = ""

    def line(self, text: str) -> None:
        """Write a line that the model has not drawn."""
        self._write_text(f"{text}\n")

    def _write_text(self, text: str, *, final: bool = False) -> None:
        if self.is_terminal:
            text = self._return + text
            self._return = "\r" if text.endswith("\r") and not final else ""
            text = harmless(text.removesuffix(self._return))
        put(text, self._stream)
