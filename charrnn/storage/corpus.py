"""Cache of a run's text as ids in a file, so that memory does not grow with the text.

The text is read once, piece by piece, into a temporary file of numbers: distinct characters are numbered in the order
of their first occurrence. Once the vocabulary is known, the numbers become ids in the cache, a safetensors file.
"""

import codecs
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CharrnnError, CorpusError
from charrnn.storage.atomic import write_atomically, writing
from charrnn.storage.checkpoint import load_header, mapped, stored_shapes, stream_beginning
from charrnn.system import scratch_file
from charrnn.text.corpus import Corpus, release_pages, too_short
from charrnn.text.documents import read_documents
from charrnn.text.numbering import Numbering, Renumbering
from charrnn.text.sources import Piece, versions
from charrnn.text.vocabulary import END, Vocabulary

CORPUS_KIND = "corpus"
ID_TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype("<u1"), "U16": np.dtype("<u2"), "I32": np.dtype("<i4")}
RENUMBERED_AT_ONCE = 1 << 20
"""Number of ids that are renumbered at a time."""

Files = list[list[Any]] | None

ANY: Files = [["any"]]
"""Matches any files when a cache's files are compared."""

Segment = tuple[np.dtype[Any], int]
"""A type of numbers in the temporary file, and how many successive numbers have it."""


@dataclass(frozen=True)
class ReadingOptions:
    """Options for reading a text, which its cache remembers.

    Attributes:
        encoding: how bytes become characters; see ``charrnn.text.sources.read_pieces``.
        as_bytes: whether each byte is read as a character, without decoding.
        documents: how the text is split into documents, see ``charrnn.text.documents``; "" if it is not.
        old_split: whether to split as older versions did; see ``charrnn.text.documents.in_documents``.
        label_column: the column of the labels, or -1; see ``charrnn.text.documents.read_documents``.
        min_count: how often a character must occur; rarer ones are replaced by ``charrnn.text.symbols.closest``.
    """

    encoding: str
    as_bytes: bool
    documents: str = ""
    old_split: bool = False
    label_column: int = -1
    min_count: int = 0

    @property
    def unit(self) -> str:
        """The text's unit, see ``Vocabulary``."""
        return "byte" if self.as_bytes else "character"

    def pieces(self, sources: Sequence[str]) -> Iterator[Piece]:
        """Read the text in pieces, with END before the first document."""
        if self.documents:
            yield Piece("", 0, END)
        how: dict[str, Any] = {"encoding": self.encoding, "unit": self.unit, "old_split": self.old_split}
        yield from read_documents(sources, self.documents, label_column=self.label_column, **how)

    def origin(self, files: Files) -> dict[str, Any]:
        """Return the entry of a cache that identifies these files, read with these options."""
        origin: dict[str, Any] = {"files": files, "encoding": None if self.as_bytes else self.encoding}
        if self.documents:
            origin["documents"] = self.documents
            if not self.old_split:
                origin["line_ends"] = "all"
        if self.label_column >= 0:
            origin["label_column"] = self.label_column
        return origin | ({"min_count": self.min_count} if self.min_count > 1 else {})


def read_corpus(
    cache: Path,
    sources: Sequence[str],
    *,
    known: str = "",
    accept: Callable[[str, int], None] = lambda fingerprint, characters: None,
    into: Path | None = None,
    **reading: Any,
) -> Corpus:
    """Take the text of the sources from the cache if it is up to date, else read it into the cache.

    Args:
        cache: the cache file; its folder must exist.
        sources: see ``charrnn.text.sources.read_pieces``.
        known: characters that the vocabulary holds even if the text does not.
        accept: is called with the fingerprint and the number of characters before the cache is written; may raise.
        into: another file to write instead of the cache; its folder is created if needed.
        reading: the fields of ``ReadingOptions``.

    Raises:
        ConfigError: The encoding is unknown.
        CorpusError: A source is missing, cannot be read, decoded or split, changes while it is read, or there are fewer
            than two symbols in all.
        RunError: The cache cannot be written.
    """
    files = versions(sources)
    cached = open_cache(cache, files, known=known, **reading) if files else None
    if cached:
        accept(cached.fingerprint, len(cached.ids))
        return cached
    if into:
        with writing(into):
            into.parent.mkdir(exist_ok=True)
    return build_cache(into or cache, sources, files, ReadingOptions(**reading), known, accept)


def open_cache(cache: Path, files: Files, *, known: str = "", **reading: Any) -> Corpus | None:
    """Open the cached text; None if it is missing or damaged, or if its files, options or vocabulary are others.

    If the file's time shows that it was changed or copied since it was written, its fingerprint is checked.

    Args:
        cache: the cache file.
        files: the versions of the text's files; None for a text that could be read only once, ANY for one whose
            fingerprint is known.
        known: see ``read_corpus``.
        reading: the fields of ``ReadingOptions``.
    """
    how = ReadingOptions(**reading)
    try:
        header = load_header(cache)
        if header["kind"] != CORPUS_KIND or (files != ANY and header["origin"] != how.origin(files)):
            return None
        [(_, dtype)] = stored_shapes(cache).values()
        vocabulary = Vocabulary(header["symbols"], header["unit"], how.documents)
        # Old caches may hold pairs of surrogates, which JSON has turned into single characters.
        sure = how.as_bytes or codecs.lookup(how.encoding).name == "utf-8" or vocabulary.characters[-1:] <= "\uffff"
        absent = set(header.get("absent", ""))
        if absent != set(known) - (set(vocabulary.symbols) - absent):
            return None
        corpus = Corpus(mapped(cache, ID_TYPES[dtype]), vocabulary, header["fingerprint"], how.min_count)
        digest = header.get("digest", corpus.fingerprint)
        return corpus if _is_intact(cache, corpus, digest, header.get("written", 0), sure) else None
    except (CharrnnError, KeyError, TypeError, ValueError, OSError):  # the text is read again
        return None


def stored_corpus(cache: Path) -> Corpus:
    """Open the text in a cache, from whatever sources and with whatever options it was read.

    Raises:
        CheckpointError: The cache is missing or damaged.
        KeyError: The file is not a cache of a text.
    """
    header = load_header(cache)
    [(_, dtype)] = stored_shapes(cache).values()
    vocabulary = Vocabulary(header["symbols"], header["unit"], header["origin"].get("documents", ""))
    return Corpus(mapped(cache, ID_TYPES[dtype]), vocabulary, header["fingerprint"])


def _is_intact(cache: Path, corpus: Corpus, digest: str, written: int, sure: bool) -> bool:
    """Whether the ids are undamaged; to check, all are read, unless ``sure`` and the file's time is ``written``."""
    if sure and divmod(cache.stat().st_mtime_ns, 10**9) == (written, 0):
        return True
    found = hashlib.sha256()
    for start in range(0, len(corpus.ids), RENUMBERED_AT_ONCE):
        ids = corpus.ids[start : start + RENUMBERED_AT_ONCE]
        found.update(corpus.vocabulary.decode(ids).encode("utf-8", "surrogatepass"))
        release_pages(ids)
    intact = found.hexdigest() == digest
    if intact:
        with contextlib.suppress(OSError):  # the file is another user's
            os.utime(cache, (written, written))
    return intact


def build_cache(
    cache: Path,
    sources: Sequence[str],
    files: Files,
    reading: ReadingOptions,
    known: str,
    accept: Callable[[str, int], None],
) -> Corpus:
    """Read the text once and write its ids and vocabulary to ``cache``."""
    numbering = Numbering()
    with writing(cache), scratch_file(cache.parent) as file:
        segments: list[Segment] = []
        for piece in reading.pieces(sources):
            if piece.text:
                numbers = numbering.add(piece.text)
                segments.append((numbers.dtype, len(numbers)))
                file.write(numbers.data)
        if numbering.characters < 2:
            raise CorpusError(too_short(sources, numbering.characters - bool(reading.documents)))
        rare = _rare(numbering, file, segments, reading.min_count, known + END * bool(reading.documents))
        own = numbering.vocabulary(reading.unit, reading.documents, without=rare)
        vocabulary = own.joined(known)
        final = numbering.final(vocabulary)
        name = next(name for name, dtype in ID_TYPES.items() if dtype == final.dtype)
        fingerprint = numbering.fingerprint()
        accept(fingerprint, numbering.characters)
        written = int(time.time()) // 2 * 2  # some file systems store times in steps of 2 seconds
        header = {
            "kind": CORPUS_KIND,
            "written": written,
            "origin": reading.origin(files),
            "fingerprint": fingerprint,
            "symbols": vocabulary.symbols,
            "absent": "".join(sorted(set(known) - set(own.symbols))),
            "unit": vocabulary.unit,
        }
        count = numbering.characters
        if rare:
            count, header["digest"] = _replaced(vocabulary, file, segments, final)
        beginning = stream_beginning(header, "ids", name, count, final.dtype.itemsize)
        ids = (final[numbers].tobytes() for numbers in _numbers(file, segments))
        write_atomically(cache, chain([beginning], ids))
        os.utime(cache, (written, written))
    return Corpus(mapped(cache, ID_TYPES[name]), vocabulary, fingerprint, reading.min_count)


def _rare(numbering: Numbering, file: IO[bytes], segments: list[Segment], min_count: int, kept: str) -> frozenset[int]:
    """Return the ids of the characters that occur fewer than ``min_count`` times and are not in ``kept``.

    Raises:
        CorpusError: No character would be left.
    """
    if min_count < 2:
        return frozenset()
    size = len(numbering.vocabulary("character"))
    counts = sum((np.bincount(numbers, minlength=size) for numbers in _numbers(file, segments)), np.zeros(size, int))
    rare = frozenset(np.flatnonzero(counts < min_count).tolist()).difference(numbering.numbers(kept))
    if len(rare) >= size - (END in kept):
        raise CorpusError(f"min_count must leave characters, but none occurs {min_count} times: choose a smaller one")
    return rare


def _replaced(vocabulary: Vocabulary, file: IO[bytes], segments: list[Segment], final: Renumbering) -> tuple[int, str]:
    """Count the symbols after rare characters are replaced, and hash their text by SHA-256."""
    count, digest = 0, hashlib.sha256()
    for numbers in _numbers(file, segments):
        ids = final[numbers]
        count += len(ids)
        digest.update(vocabulary.decode(ids).encode())
    return count, digest.hexdigest()


def _numbers(file: IO[bytes], segments: list[Segment]) -> Iterator[npt.NDArray[Any]]:
    """Yield the numbers in the temporary file, from its beginning, piece by piece."""
    file.seek(0)
    for dtype, group in groupby(segments, key=lambda segment: segment[0]):
        count = sum(length for _, length in group)
        for start in range(0, count, RENUMBERED_AT_ONCE):
            yield np.frombuffer(file.read(min(RENUMBERED_AT_ONCE, count - start) * dtype.itemsize), dtype)
