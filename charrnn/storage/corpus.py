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
from itertools import chain, groupby
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CharrnnError, CorpusError
from charrnn.storage.atomic import write_atomically, writing
from charrnn.storage.checkpoint import load_header, mapped, stream_beginning, tensor_shapes
from charrnn.text.corpus import Corpus, let_go, too_short
from charrnn.text.documents import read_documents
from charrnn.text.numbering import Numbering
from charrnn.text.sources import Piece, versions
from charrnn.text.vocabulary import END, Vocabulary

KIND = "corpus"
TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype("<u1"), "U16": np.dtype("<u2"), "I32": np.dtype("<i4")}
PIECE = 1 << 20
"""Ids that are renumbered at a time."""

Files = list[list[Any]] | None

Stretch = tuple[np.dtype[Any], int]
"""The type of ids in the temporary file, and how many in a row have it."""


def read_corpus(
    cache: Path,
    sources: Sequence[str],
    *,
    encoding: str,
    as_bytes: bool,
    documents: str = "",
    known: str = "",
    accept: Callable[[str, int], None] = lambda fingerprint, characters: None,
    into: Path | None = None,
) -> Corpus:
    """The text of the sources: from the cache if that is of them as they are now, else read anew into the cache.

    Args:
        cache: the file; its folder must exist.
        sources: see ``charrnn.text.sources.read_pieces``; so are the others.
        encoding: see there.
        as_bytes: see there.
        known: characters that the vocabulary holds whether the text does or not.
        documents: how the text is split into documents, see ``charrnn.text.documents``; "" for not at all.
        accept: is told the fingerprint and the number of characters before the cache is written, and may raise.
        into: another file to write, in a folder that need not exist, so that the cache stays as it is.

    Raises:
        ConfigError: the encoding is unknown.
        CorpusError: a source is missing, cannot be read, decoded or split, changes meanwhile, or there are fewer than
            two symbols in all.
        RunError: the cache cannot be written.
    """
    files = versions(sources)
    reading: dict[str, Any] = {"encoding": encoding, "as_bytes": as_bytes, "documents": documents, "known": known}
    cached = open_cache(cache, files, **reading) if files else None
    if cached:
        accept(cached.fingerprint, len(cached.ids))
        return cached
    if into:
        with writing(into):
            into.parent.mkdir(exist_ok=True)
    return _build(into or cache, sources, files, encoding, as_bytes, documents, known, accept)


def open_cache(
    cache: Path, files: Files, *, encoding: str, as_bytes: bool, documents: str = "", known: str = ""
) -> Corpus | None:
    """The text in the cache; None if there is none, it was damaged, is of another origin or numbered otherwise.

    A cache that was changed or copied since it was written has another time, and is compared with its fingerprint.

    Args:
        cache: the file.
        files: the versions of the text's files; None for a text that could be read only once.
        encoding: how they were decoded.
        as_bytes: whether they were not.
        documents: how it was split.
        known: as in ``read_corpus``.
    """
    try:
        header = load_header(cache)
        if header["kind"] != KIND or header["origin"] != _origin(files, encoding, as_bytes, documents):
            return None
        [(_, dtype)] = tensor_shapes(cache).values()
        vocabulary = Vocabulary(header["symbols"], header["unit"], documents)
        # Old caches may hold surrogates of which JSON has made one character.
        sure = as_bytes or codecs.lookup(encoding).name == "utf-8" or vocabulary.characters[-1:] <= "\uffff"
        absent = set(header.get("absent", ""))
        if absent != set(known) - (set(vocabulary.symbols) - absent):
            return None
        corpus = Corpus(mapped(cache, TYPES[dtype]), vocabulary, header["fingerprint"])
        return corpus if _is_intact(cache, corpus, header.get("written", 0), sure) else None
    except (CharrnnError, KeyError, TypeError, ValueError, OSError):  # to read the text anew is always right
        return None


def _is_intact(cache: Path, corpus: Corpus, written: int, sure: bool) -> bool:
    """Whether the ids are those of the text; read only if not ``sure``, or the file has another time than given."""
    if sure and divmod(cache.stat().st_mtime_ns, 10**9) == (written, 0):
        return True
    digest = hashlib.sha256()
    for start in range(0, len(corpus.ids), PIECE):
        ids = corpus.ids[start : start + PIECE]
        digest.update(corpus.vocabulary.decode(ids).encode("utf-8", "surrogatepass"))
        let_go(ids)
    intact = digest.hexdigest() == corpus.fingerprint
    if intact:
        with contextlib.suppress(OSError):  # it is another user's
            os.utime(cache, (written, written))
    return intact


def _origin(files: Files, encoding: str, as_bytes: bool, documents: str) -> dict[str, Any]:
    split = {"documents": documents} if documents else {}
    return {"files": files, "encoding": None if as_bytes else encoding, **split}


def _build(
    cache: Path,
    sources: Sequence[str],
    files: Files,
    encoding: str,
    as_bytes: bool,
    documents: str,
    known: str,
    accept: Callable[[str, int], None],
) -> Corpus:
    numbering = Numbering()
    with writing(cache), tempfile.TemporaryFile(dir=cache.parent) as file:
        stretches: list[Stretch] = []
        unit = "byte" if as_bytes else "character"
        pieces = read_documents(sources, documents, encoding=encoding, unit=unit)
        for piece in chain([Piece("", 0, END)] if documents else [], pieces):
            if piece.text:
                numbers = numbering.add(piece.text)
                stretches.append((numbers.dtype, len(numbers)))
                file.write(numbers.data)
        if numbering.characters < 2:
            raise CorpusError(too_short(sources, numbering.characters))
        own = numbering.vocabulary(unit, documents)
        vocabulary = own.joined(known)
        final = numbering.final(vocabulary)
        name = next(name for name, dtype in TYPES.items() if dtype == final.dtype)
        fingerprint = numbering.fingerprint()
        accept(fingerprint, numbering.characters)
        written = int(time.time()) // 2 * 2  # some file systems have times of even seconds
        header = {
            "kind": KIND,
            "written": written,
            "origin": _origin(files, encoding, as_bytes, documents),
            "fingerprint": fingerprint,
            "symbols": vocabulary.symbols,
            "absent": "".join(sorted(set(known) - set(own.symbols))),
            "unit": vocabulary.unit,
        }
        beginning = stream_beginning(header, "ids", name, numbering.characters, final.itemsize)
        file.seek(0)
        write_atomically(cache, _pieces(beginning, file, stretches, final))
        os.utime(cache, (written, written))
    return Corpus(mapped(cache, TYPES[name]), vocabulary, fingerprint)


def _pieces(beginning: bytes, file: IO[bytes], stretches: list[Stretch], final: npt.NDArray[Any]) -> Iterator[bytes]:
    """The cache, piece by piece."""
    yield beginning
    for dtype, group in groupby(stretches, key=lambda stretch: stretch[0]):
        count = sum(length for _, length in group)
        for start in range(0, count, PIECE):
            numbers = np.frombuffer(file.read(min(PIECE, count - start) * dtype.itemsize), dtype)
            yield final[numbers].tobytes()
