"""A run's text as numbers in a file of its own, so that memory does not grow with the text.

The text is read once, piece by piece. Its characters are numbered as they appear, in a temporary file without a name;
from there they go into the cache, a safetensors file, under the ids of the vocabulary that is known by then.
"""

import codecs
import contextlib
import hashlib
import os
import tempfile
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
from charrnn.text.corpus import Corpus, release_pages, too_short
from charrnn.text.documents import read_documents
from charrnn.text.numbering import Numbering, Renumbering
from charrnn.text.sources import Piece, versions
from charrnn.text.vocabulary import END, Vocabulary

CORPUS_KIND = "corpus"
ID_TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype("<u1"), "U16": np.dtype("<u2"), "I32": np.dtype("<i4")}
RENUMBERED_AT_ONCE = 1 << 20
"""Ids that are renumbered at a time."""

Files = list[list[Any]] | None

ANY: Files = [["any"]]
"""In the place of files: the text may be of any."""

Segment = tuple[np.dtype[Any], int]
"""The type of ids in the temporary file, and how many in a row have it."""


@dataclass(frozen=True)
class ReadingOptions:
    """How a text is read, which its cache remembers.

    Attributes:
        encoding: how its bytes become characters; see ``charrnn.text.sources.read_pieces``.
        as_bytes: whether each byte is a character instead.
        documents: how the text is split into documents, see ``charrnn.text.documents``; "" for not at all.
        old_split: see there.
        label_column: see ``charrnn.text.documents.read_documents``.
        min_count: how often a character must occur; those that do not are read as ``charrnn.text.symbols.closest``.
    """

    encoding: str
    as_bytes: bool
    documents: str = ""
    old_split: bool = False
    label_column: int = -1
    min_count: int = 0

    @property
    def unit(self) -> str:
        """Of the text, see ``Vocabulary``."""
        return "byte" if self.as_bytes else "character"

    def pieces(self, sources: Sequence[str]) -> Iterator[Piece]:
        """The text, with END before the first document."""
        if self.documents:
            yield Piece("", 0, END)
        how: dict[str, Any] = {"encoding": self.encoding, "unit": self.unit, "old_split": self.old_split}
        yield from read_documents(sources, self.documents, label_column=self.label_column, **how)

    def origin(self, files: Files) -> dict[str, Any]:
        """What tells that a cache is of these files, read in this way."""
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
    """The text of the sources: from the cache if that is of them as they are now, else read anew into the cache.

    Args:
        cache: the file; its folder must exist.
        sources: see ``charrnn.text.sources.read_pieces``.
        known: characters that the vocabulary holds whether the text does or not.
        accept: is told the fingerprint and the number of characters before the cache is written, and may raise.
        into: another file to write, in a folder that need not exist, so that the cache stays as it is.
        reading: the fields of ``Reading``.

    Raises:
        ConfigError: the encoding is unknown.
        CorpusError: a source is missing, cannot be read, decoded or split, changes meanwhile, or there are fewer than
            two symbols in all.
        RunError: the cache cannot be written.
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
    """The text in the cache; None if there is none, it was damaged, is of another origin or numbered otherwise.

    A cache that was changed or copied since it was written has another time, and is compared with its fingerprint.

    Args:
        cache: the file.
        files: the versions of the text's files; None for a text that could be read only once, ANY for one whose
            fingerprint is known.
        known: as in ``read_corpus``.
        reading: the fields of ``Reading``.
    """
    how = ReadingOptions(**reading)
    try:
        header = load_header(cache)
        if header["kind"] != CORPUS_KIND or (files != ANY and header["origin"] != how.origin(files)):
            return None
        [(_, dtype)] = stored_shapes(cache).values()
        vocabulary = Vocabulary(header["symbols"], header["unit"], how.documents)
        # Old caches may hold surrogates of which JSON has made one character.
        sure = how.as_bytes or codecs.lookup(how.encoding).name == "utf-8" or vocabulary.characters[-1:] <= "\uffff"
        absent = set(header.get("absent", ""))
        if absent != set(known) - (set(vocabulary.symbols) - absent):
            return None
        corpus = Corpus(mapped(cache, ID_TYPES[dtype]), vocabulary, header["fingerprint"], how.min_count)
        digest = header.get("digest", corpus.fingerprint)
        return corpus if _is_intact(cache, corpus, digest, header.get("written", 0), sure) else None
    except (CharrnnError, KeyError, TypeError, ValueError, OSError):  # to read the text anew is always right
        return None


def stored_corpus(cache: Path) -> Corpus:
    """The text in a cache, whatever it is of.

    Raises:
        CheckpointError: there is none.
        KeyError: it is none of ours.
    """
    header = load_header(cache)
    [(_, dtype)] = stored_shapes(cache).values()
    vocabulary = Vocabulary(header["symbols"], header["unit"], header["origin"].get("documents", ""))
    return Corpus(mapped(cache, ID_TYPES[dtype]), vocabulary, header["fingerprint"])


def _is_intact(cache: Path, corpus: Corpus, digest: str, written: int, sure: bool) -> bool:
    """Whether the ids are those of the text; read only if not ``sure``, or the file has another time than given."""
    if sure and divmod(cache.stat().st_mtime_ns, 10**9) == (written, 0):
        return True
    found = hashlib.sha256()
    for start in range(0, len(corpus.ids), RENUMBERED_AT_ONCE):
        ids = corpus.ids[start : start + RENUMBERED_AT_ONCE]
        found.update(corpus.vocabulary.decode(ids).encode("utf-8", "surrogatepass"))
        release_pages(ids)
    intact = found.hexdigest() == digest
    if intact:
        with contextlib.suppress(OSError):  # it is another user's
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
    """Read the text once, and write its characters' numbers and its vocabulary to ``cache``."""
    numbering = Numbering()
    with writing(cache), tempfile.TemporaryFile(dir=cache.parent) as file:
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
        written = int(time.time()) // 2 * 2  # some file systems have times of even seconds
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
    """The numbers of characters that occur fewer than ``min_count`` times, but those that are kept anyway.

    Raises:
        CorpusError: all do.
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
    """How many symbols there are when rare characters are replaced, and the SHA-256 of their text."""
    count, digest = 0, hashlib.sha256()
    for numbers in _numbers(file, segments):
        ids = final[numbers]
        count += len(ids)
        digest.update(vocabulary.decode(ids).encode())
    return count, digest.hexdigest()


def _numbers(file: IO[bytes], segments: list[Segment]) -> Iterator[npt.NDArray[Any]]:
    """The numbers in the temporary file, from its beginning, piece by piece."""
    file.seek(0)
    for dtype, group in groupby(segments, key=lambda segment: segment[0]):
        count = sum(length for _, length in group)
        for start in range(0, count, RENUMBERED_AT_ONCE):
            yield np.frombuffer(file.read(min(RENUMBERED_AT_ONCE, count - start) * dtype.itemsize), dtype)
