"""Read the text of files, folders or standard input, and decode it piece by piece."""

import codecs
import io
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.folders import files_below
from charrnn.text.surrogates import LONE, begun_pair, has_surrogates, join_pairs

STDIN = "-"
ENCODING = "utf-8"
"""Default encoding of a text."""

OWN_FILES = {"last.safetensors", "best.safetensors", "corpus.safetensors", "sweep.json"}
"""Files that only the folder of a run or sweep contains; such a folder is not read as text."""

COMPRESSED = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of files that ``charrnn.text.compressed`` can read: gzip, bzip2, xz, zip."""

WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
"""Encodings whose files may lack a byte order mark."""

SNIFFED = 1 << 12
"""Bytes from which an encoding of WIDE is guessed."""

FEWEST_SPACES, SPACES = 3, 0.01
"""Least number, and least fraction, of ASCII characters, such as spaces, in a correctly decoded text."""

CHUNK = 1 << 20
"""Bytes read at a time."""


@dataclass(frozen=True)
class Piece:
    """A part of a file's text.

    Attributes:
        origin: the file's path, or "stdin".
        start: characters of the file before the piece; 0 for a file's first piece.
        text: the piece, empty only if the file is.
    """

    origin: str
    start: int
    text: str


def read_pieces(sources: Sequence[str], *, encoding: str = ENCODING, as_bytes: bool = False) -> Iterator[Piece]:
    """Read ``sources`` one after the other; newlines are not converted.

    Args:
        sources: files, folders or "-" for standard input. Of a folder, all files below it are read, sorted by path,
            except hidden files and those of runs. Compressed files (gzip, bzip2, xz, zip) are decompressed.
        encoding: the encoding of the text. In UTF-8, a byte order mark at a file's start is dropped.
        as_bytes: whether every byte is read as a character instead; files are not decompressed, and ``encoding`` has no
            effect.

    Raises:
        ConfigError: The encoding is unknown.
        CorpusError: A source is missing, or cannot be read or decoded.
    """
    if as_bytes:
        encoding = "latin-1"
    check_encoding(encoding)
    for source in sources:
        for origin, chunks in _contents(source, unpack=not as_bytes):
            start = 0
            for text in _decoded(chunks, encoding, origin):
                if text:
                    yield Piece(origin, start, text)
                    start += len(text)
            if start == 0:
                yield Piece(origin, 0, "")


def decoded(data: bytes, encoding: str, origin: str) -> str:
    """Decode a file's bytes as ``read_pieces`` does.

    Raises:
        ConfigError: The encoding is unknown.
        CorpusError: The bytes cannot be decoded.
    """
    check_encoding(encoding)
    file: Any = io.BufferedReader(io.BytesIO(data))
    return "".join(text for name, chunks in _texts(file, origin, True) for text in _decoded(chunks, encoding, name))


def _contents(source: str, *, unpack: bool) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name and the bytes of each file of ``source``, decompressed if ``unpack``."""
    if not source:  # an empty path, as of an unset variable, would be the current folder
        raise CorpusError("CORPUS must be a file, a folder, or - for standard input, not '': give one of them")
    try:
        if source == STDIN:
            yield from _texts(sys.stdin.buffer, "stdin", unpack)
            return
        for path in _files(Path(source)):
            with path.open("rb") as file:
                before = _version(os.fstat(file.fileno()))
                yield from _texts(file, str(path), unpack)
                if _version(os.fstat(file.fileno())) != before:
                    raise CorpusError(f"{path} changed while it was read: wait until nobody writes it")
    except OSError as error:
        raise _unreadable(source, error) from None


def _texts(file: BinaryIO, origin: str, unpack: bool) -> Iterator[tuple[str, Iterator[bytes]]]:
    try:
        if unpack and hasattr(file, "peek") and file.peek(10).startswith(COMPRESSED):
            from charrnn.text.compressed import texts  # its imports would slow down every start

            yield from texts(file, origin, CHUNK)
        else:
            yield origin, _chunks(file, origin)
    except OSError as error:
        raise _unreadable(STDIN if file is sys.stdin.buffer else origin, error) from None


def _chunks(file: BinaryIO, origin: str) -> Iterator[bytes]:
    try:
        while data := file.read(CHUNK):
            yield data
    except OSError as error:
        raise _unreadable(STDIN if file is sys.stdin.buffer else origin, error) from None


def versions(sources: Sequence[str]) -> list[list[Any]] | None:
    """Return the path, size and times of each file of the sources, to recognise a changed text without reading it.

    Returns:
        A list of JSON values; None if a source, standard input or a pipe, can be read only once.

    Raises:
        CorpusError: A source is missing.
    """
    found = []
    for source in sources:
        if source == STDIN:
            return None
        try:
            for path in _files(Path(source)):
                if (version := _version(path.stat())) is None:
                    return None
                found.append([str(path.absolute()), *version])
        except OSError as error:
            raise _unreadable(source, error) from None
    return found


def _version(status: os.stat_result) -> tuple[int, int, int] | None:
    """Return a file's size and the times when its content and its status changed; None for a pipe or device."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unreadable(source: str, error: OSError) -> CorpusError:
    if isinstance(error, FileNotFoundError):
        return CorpusError(f"cannot read {source}: there is no such file or folder; check the path")
    name = error.filename or source
    return CorpusError(f"cannot read {name}: {error.strerror or error}; check the path")


def _files(path: Path) -> list[Path]:
    """List the file ``path``, or all files below that folder, except hidden files and those of runs."""
    if not path.is_dir():
        return [path]
    files = files_below(path, skip=lambda name: name.startswith("."))
    own = {file.parent for file in files if file.name in OWN_FILES}
    texts = [file for file in files if own.isdisjoint(file.parents)]
    if not texts:
        raise CorpusError(f"the folder {path} holds no files (hidden ones and runs do not count): put a text into it")
    return texts


def check_encoding(encoding: str) -> None:
    """Raise unless Python knows the encoding.

    Raises:
        ConfigError: The encoding is unknown.
    """
    try:
        b"\n".decode(encoding)
    except UnicodeError:
        return  # a known encoding in which one byte is not a character
    except (LookupError, ValueError, TypeError):
        raise ConfigError(f"the encoding {encoding!r} is unknown: use one that Python knows, such as utf-8") from None


def _newlines(data: bytes, encoding: str) -> int:
    """Count the newlines in bytes that could be decoded."""
    try:
        return data.decode(encoding, "ignore").count("\n")
    except UnicodeError:  # the codec idna cannot ignore errors
        return data.count(b"\n")


def _guess(data: bytes, begins: bool) -> str:
    """Suggest UTF-16 or UTF-32 for an error message if the data, with which a file ``begins``, look like it."""
    sample = data[:SNIFFED] if begins else b""
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ", perhaps utf-32"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ", perhaps utf-16"
    for encoding in WIDE:
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        spaces = sum(character < "\x80" for character in text)  # spaces and line ends occur in all languages
        if spaces > max(FEWEST_SPACES, SPACES * len(text)) and all(c.isprintable() or c.isspace() for c in text):
            return f", perhaps {encoding}"
    return ""


def _decoded(chunks: Iterator[bytes], encoding: str, origin: str) -> Iterator[str]:
    """Decode one file, chunk by chunk."""
    decoder = codecs.getincrementaldecoder(encoding)()
    utf8 = codecs.lookup(encoding).name == "utf-8"
    lines, offset = 1, 0  # line number and offset of the first byte that has not been decoded yet
    characters, half = 0, ""
    for data in chain(chunks, [b""]):
        begins = offset == 0
        undecoded = decoder.getstate()[0] + data
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeError as error:
            start = getattr(error, "start", 0)
            line = lines + _newlines(undecoded[:start], encoding)
            raise CorpusError(
                f"cannot read {origin} as {encoding}: byte 0x{undecoded[start : start + 1].hex()} in line {line} "
                f"(offset {offset + start}); give its --encoding{_guess(undecoded, begins)}, or train on raw --bytes"
            ) from None
        if utf8 and (start := undecoded.find(0)) >= 0:
            line = lines + undecoded[:start].count(b"\n")
            place = f"a NUL byte in line {line} (offset {offset + start})"
            if guess := _guess(undecoded, begins):
                raise CorpusError(f"cannot read {origin} as {encoding}: {place}; give its --encoding{guess}")
            raise CorpusError(
                f"cannot read {origin} as text: {place}: not a text file; use --bytes to train on raw bytes"
            )
        text = half + text
        half = begun_pair(text) if data else ""
        text = join_pairs(text.removesuffix(half))
        if has_surrogates(text) and (lone := LONE.search(text)):
            line, at = lines + text[: lone.start()].count("\n"), characters + lone.start()
            raise CorpusError(
                f"cannot read {origin} as {encoding}: {lone[0]!r} in line {line} (character {at + 1}) is half of a "
                "surrogate pair and no character; give another --encoding, or train on raw --bytes"
            )
        lines += text.count("\n")
        characters += len(text)
        offset += len(undecoded) - len(decoder.getstate()[0])
        yield text.removeprefix("\ufeff") if utf8 and begins else text
