"""Reading of the lines to answer, as they arrive."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.errors import ConfigError, CorpusError
from charrnn.storage.atomic import reason
from charrnn.text.sources import STDIN, check_encoding

READ_AT_ONCE = 1 << 16
"""Most bytes that are read at once."""


class InputLine(NamedTuple):
    """A line of text."""

    text: str
    end: str
    """The line's end, which is also printed after its answer; empty if the last line has none."""
    origin: str
    number: int
    """The line's number in its file, from 1."""


def input_lines(text: str, encoding: str) -> Iterator[list[InputLine]]:
    """Yield the lines that the argument TEXT stands for, in lists of those that have arrived.

    Raises:
        CorpusError: a file cannot be read or decoded.
        ConfigError: the encoding is unknown, or no file is named.
    """
    check_encoding(encoding)
    if text == "@":
        raise ConfigError("TEXT must be text, - or @FILE, not '@': name a file")
    if text != STDIN and not text.startswith("@"):
        yield _split(text + "\n" * (not text.endswith("\n")), "TEXT", 1)
        return
    origin = "stdin" if text == STDIN else text[1:]
    try:
        if text == STDIN:
            yield from _lines_in(sys.stdin.buffer, origin, encoding)
            return
        with Path(origin).open("rb") as stream:
            yield from _lines_in(stream, origin, encoding)
    except OSError as error:
        raise CorpusError(f"cannot read {origin}: {reason(error)}; check the path") from None


def _lines_in(stream: Any, origin: str, encoding: str) -> Iterator[list[InputLine]]:
    newline = "\n".encode(encoding.replace("16", "16-le").replace("32", "32-le") if encoding in WITH_MARK else encoding)
    number, held = 1, b""
    while data := stream.read1(READ_AT_ONCE):
        whole, found, held = (held + data).rpartition(newline)
        if found:
            lines = _split(_decoded(whole + found, origin, encoding, number), origin, number)
            number += len(lines)
            yield lines
    if held:
        yield _split(_decoded(held, origin, encoding, number), origin, number)


WITH_MARK = ("utf-16", "utf-32")
"""Encodings with a byte order mark."""


def _decoded(data: bytes, origin: str, encoding: str, number: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        at = number + data[: error.start].count(b"\n")
        raise CorpusError(
            f"cannot read {origin} as {encoding}: byte 0x{data[error.start]:02x} in line {at}; give its --encoding"
        ) from None


def _split(text: str, origin: str, number: int) -> list[InputLine]:
    lines = []
    for at, line in enumerate(io.StringIO(text, newline=""), number):
        body = line.rstrip("\r\n")
        lines.append(InputLine(body, line[len(body) :], origin, at))
    return lines
