r"""Documents: a text that consists of many short ones, each ended by a special symbol.

The symbol END, which is not a character, replaces the separators of documents: END d_1 END d_2 ... END d_n END. A model
reads each END from its initial state, so that the documents are independent of each other and can be reordered.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Union

import numpy as np
import numpy.typing as npt

from charrnn.arguments import check_text
from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.text.corpus import Corpus, Ids, release_pages
from charrnn.text.corpus import split as split_ids
from charrnn.text.escapes import unescaped
from charrnn.text.sources import Piece, read_pieces
from charrnn.text.symbols import as_symbols, known_symbols, to_sought
from charrnn.text.vocabulary import END, Vocabulary

SCANNED = 1 << 24
"""Ids that are searched for END at a time."""

LABELLED = ".txt"
"""Suffix of files in a folder whose names are labels."""

MOST_MAPPED = 1 << 13
"""Documents that are read before their memory-mapped pages are released; each has at least one page."""

Text = Union[Ids, "Documents"]
"""A text as an array of ids, or as documents whose ids are read when they are indexed."""


def read_documents(
    sources: Sequence[str],
    documents: str,
    *,
    encoding: str,
    unit: str,
    old_split: bool = False,
    label_column: int = -1,
) -> Iterator[Piece]:
    """Read files, folders or standard input and split their text; see ``read_pieces`` and ``in_documents``.

    If ``label_column`` is not -1, lines of the text files in a folder get their file's name as a column; see
    ``with_labels``.
    """
    pieces = read_pieces(sources, encoding=encoding, as_bytes=unit == "byte")
    split = in_documents(pieces, documents, unit, old_split=old_split)
    return split if label_column < 0 else with_labels(split, sources, label_column)


def with_labels(pieces: Iterable[Piece], sources: Sequence[str], column: int) -> Iterator[Piece]:
    """Turn documents of files LABEL.txt in folders into rows of TSV: the document and the file's label.

    Args:
        pieces: the text, split into documents.
        sources: the files and folders of which the text was read; only files in a folder are labelled.
        column: column of the label in a row, 0 or 1; the document is the other column.

    Raises:
        ConfigError: the label's column is 2, which such rows do not have.
    """
    folders = [Path(source) for source in sources if Path(source).is_dir()]
    begins = True
    for piece in pieces:
        begins = begins or piece.start == 0
        path = Path(piece.origin)
        if path.suffix == LABELLED and any(folder in path.parents for folder in folders):
            if column > 1:
                raise ConfigError(
                    f"columns must be 1,2 or 2,1 to read {path}, whose name is a label: leave --columns out"
                )
            if "\t" in piece.text:
                raise CorpusError(f"the lines of {path}, whose name is a label, must have no tab: take it out")
            before, after = (f"{path.stem}\t", "") if column == 0 else ("", f"\t{path.stem}")
            last = piece.text.endswith(END)
            text = piece.text.removesuffix(END).replace(END, f"{after}{END}{before}")
            starts = begins and bool(piece.text)
            yield replace(piece, text=before * starts + text + f"{after}{END}" * last)
            begins = last
        else:
            yield piece
            begins = piece.text.endswith(END)


def in_documents(
    pieces: Iterable[Piece], documents: str, unit: str = "character", *, old_split: bool = False
) -> Iterator[Piece]:
    r"""Replace the separators in a text by END after each document, dropping empty documents.

    A file's end always ends a document.

    Args:
        pieces: the text; ``start`` of the pieces that are yielded counts symbols.
        documents: "line" if each line is a document; "file" if each file is one; "" if the text is not split; else the
            text that separates documents, in which ``escapes.ESCAPES`` are replaced. A newline, also one in a
            separator, is "\n" or "\r\n", or "\r" in a file whose first line ends with it.
        unit: the text's unit, see ``Vocabulary``.
        old_split: whether to split as older versions did: "\r\n" ends a line only with "line", and "\r" never does.

    Raises:
        ConfigError: ``documents`` is not a string.
        CorpusError: A file holds END.
    """
    check_text("documents", documents, str)
    if not documents:
        yield from pieces
        return
    separators = Separators.of(documents, unit)
    if old_split:
        separators = Separators(separators.usual if documents == "line" else separators.usual[-1:], ())
    file: _File | None = None
    for piece in pieces:
        if file is None or piece.start == 0:
            if file:
                yield from file.split("", last=True)
            file = _File(piece.origin, separators)
        yield from file.split(piece.text)
    if file:
        yield from file.split("", last=True)


class _File:
    """The documents of one file, whose text comes in pieces."""

    def __init__(self, origin: str, separators: "Separators") -> None:
        self._origin, self._known = origin, separators
        self._separators = separators.usual
        self._decided = not separators.of_returns
        """Whether the ending of the first line is known."""
        self._held = ""
        self._begun = False
        """Whether the current document has characters."""
        self._symbols = 0

    def split(self, text: str, *, last: bool = False) -> Iterator[Piece]:
        if END in text:
            raise CorpusError(
                f"{self._origin or 'the text'} holds U+10FFFF, which is no character and ends documents here: take it "
                "out, or train without --documents"
            )
        text = self._held + text
        end = None if self._decided else re.search("\r?\n|\r", text)
        if end and (end[0] != "\r" or last or end.end() < len(text)):
            self._decided = True
            if end[0] == "\r":
                self._separators = self._known.of_returns
        for separator in self._separators:
            text = text.replace(separator, END)
        # Hold back the end of the text read so far, as it may be the beginning of a separator.
        longest = max(map(len, self._separators), default=1)
        held = 0 if last else min(longest - 1, len(text) - 1 - text.rfind(END))
        cut = len(text) - held
        text, self._held = text[:cut] + END * last, text[cut:]
        while END + END in text:
            text = text.replace(END + END, END)
        if not self._begun:
            text = text.removeprefix(END)
        if text or (last and not self._symbols):
            yield Piece(self._origin, self._symbols, text)
            self._begun = not text.endswith(END)
            self._symbols += len(text)


@dataclass(frozen=True)
class Separators:
    r"""The texts that separate documents, the longest first.

    Attributes:
        usual: separators in a file whose first line ends with "\n" or "\r\n".
        of_returns: separators in a file whose first line ends with "\r"; empty if line ends do not matter.
    """

    usual: tuple[str, ...]
    of_returns: tuple[str, ...]

    @classmethod
    def of(cls, documents: str, unit: str) -> "Separators":
        """Make the separators for a value of the option ``documents``; see ``in_documents``."""
        if documents in ("", "file"):
            return cls((), ())
        typed = "\n" if documents == "line" else to_sought("documents", unescaped(documents), unit)
        if "\n" not in typed or "\r" in typed:
            return cls((typed,), ())
        usual = (typed.replace("\n", "\r\n"), typed)
        return cls(usual, (*usual, typed.replace("\n", "\r")))


def to_beginning(text: str | bytes, vocabulary: Vocabulary, unknown: str = "error") -> str:
    """Convert a text to symbols with which a document begins, so that a model can continue it.

    For a model of documents, a separator at the text's end, such as the newline of ``echo``, is dropped. For any model
    that knows no newline, a newline at the text's end is dropped, too.

    Args:
        text: the text, perhaps empty.
        vocabulary: the model's vocabulary.
        unknown: see ``known_symbols``; also applies to separators of documents inside the text.

    Raises:
        VocabularyError: The text holds unknown characters or a separator, and ``unknown`` is "error".
        ConfigError: See ``to_symbols`` and ``known_symbols``.
    """
    symbols = as_symbols(text, vocabulary)
    separators = Separators.of(vocabulary.documents, vocabulary.unit)
    ends = separators.usual if "\r" in vocabulary else separators.of_returns or separators.usual
    symbols = _without_ends(symbols, ends)
    for line_end in "\n\r":
        if line_end not in vocabulary:
            symbols = symbols.removesuffix(line_end)
    symbols = _without_ends(symbols, ends)
    for end in ends:
        if end in symbols and unknown == "error":
            raise VocabularyError(
                f"the text must begin one document, but {end!r} at position {symbols.index(end) + 1} ends it: take it "
                "out, or choose --unknown skip or replace"
            )
        symbols = symbols.replace(end, " " if unknown == "replace" else "")
    return known_symbols(symbols, vocabulary, unknown)


def _without_ends(symbols: str, ends: tuple[str, ...]) -> str:
    while symbols.endswith(ends):
        symbols = symbols.removesuffix(next(end for end in ends if symbols.endswith(end)))
    return symbols


def split_corpus(corpus: Corpus, val_fraction: float) -> tuple[Text, Text]:
    """Split a corpus into training and validation texts by ``Documents.split`` or ``corpus.split``."""
    if corpus.vocabulary.documents:
        return Documents.of(corpus.ids, len(corpus.vocabulary) - 1).split(val_fraction)
    return split_ids(corpus.ids, val_fraction)


class Documents:
    """Some documents of a text, in any order, as one text of ids that begins and ends with END.

    Ids are gathered only when they are indexed; each document takes about 40 bytes of memory.

    Args:
        ids: (N,) the whole text, END d_1 END d_2 ... END; perhaps memory-mapped.
        starts: (D + 1,) the position of each END in it.
        chosen: (n,) the numbers of the selected documents, from 0.
    """

    def __init__(self, ids: Ids, starts: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]) -> None:
        self._ids, self._starts, self._chosen = ids, starts, chosen
        self._mapped = 0
        firsts = starts[chosen]
        self._stops = np.cumsum(starts[chosen + 1] - firsts)
        """Position in this text of the END after each document."""
        self._shifts = np.append(firsts, starts[-1]) - np.append(0, self._stops)
        """For each document and the last END, the offset from positions in this text to those in the whole text."""

    @classmethod
    def of(cls, ids: Ids, end: int) -> "Documents":
        """Select all documents of a text in which ``end`` is the id of END."""
        parts = range(0, len(ids), SCANNED)
        starts = np.concatenate([first + np.flatnonzero(ids[first : first + SCANNED] == end) for first in parts])
        release_pages(ids)
        return cls(ids, starts, np.arange(len(starts) - 1))

    @property
    def count(self) -> int:
        """The number of documents."""
        return len(self._chosen)

    def __len__(self) -> int:
        return int(self._stops[-1]) + 1 if self.count else 0

    def __getitem__(self, at: slice | npt.NDArray[np.int64]) -> Ids:
        """Gather the ids at these positions."""
        places = np.arange(*at.indices(len(self))) if isinstance(at, slice) else at
        document = np.searchsorted(self._stops, places, side="right")
        ids: Ids = self._ids[places + self._shifts[document]]
        self._mapped += 1 + np.count_nonzero(np.diff(document))
        if self._mapped > MOST_MAPPED:
            release_pages(self._ids)
            self._mapped = 0
        return ids

    def shuffled(self, *seed: int) -> "Documents":
        """Return the documents in a random order that depends only on their number and the seed."""
        order = np.random.default_rng(seed).permutation(self.count)
        return Documents(self._ids, self._starts, self._chosen[order])

    def split(self, fraction: float) -> tuple["Documents", "Documents"]:
        """Split into training documents and a ``fraction`` for validation; of two or more, at least one validates.

        The choice is random, as documents may be sorted. It depends only on their number, so that all runs on a text
        validate on the same documents. Both parts keep the text's order.
        """
        held_out = min(self.count - 1, max(1, round(self.count * fraction))) if fraction else 0
        order = self.shuffled(0)._chosen
        parts = np.sort(order[held_out:]), np.sort(order[:held_out])
        train, validate = (Documents(self._ids, self._starts, part) for part in parts)
        return train, validate
