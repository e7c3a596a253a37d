r"""Documents: a text that is many short ones, each ended by a symbol of its own.

A symbol that is no character, END, takes the place of what separates documents. So a text of documents is a text like
any other: END d_1 END d_2 ... END d_n END. A model reads each END from the state before the first character, which
makes the documents independent of each other, and their order free.
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
"""Ids that are searched at a time."""

LABELLED = ".txt"
"""Suffix of the files of a folder whose names are labels."""

MOST_MAPPED = 1 << 13
"""Documents, each at least a page of a file, that are read before the memory is let go into which they were mapped."""

Text = Union[Ids, "Documents"]
"""A text as ids, to be had in parts."""


def read_documents(
    sources: Sequence[str],
    documents: str,
    *,
    encoding: str,
    unit: str,
    old_split: bool = False,
    label_column: int = -1,
) -> Iterator[Piece]:
    """The text of files, folders or standard input, split; see ``read_pieces`` and ``in_documents``.

    Where ``label_column`` is one, the lines of the text files of a folder get their file's name as a column.
    """
    pieces = read_pieces(sources, encoding=encoding, as_bytes=unit == "byte")
    split = in_documents(pieces, documents, unit, old_split=old_split)
    return split if label_column < 0 else with_labels(split, sources, label_column)


def with_labels(pieces: Iterable[Piece], sources: Sequence[str], column: int) -> Iterator[Piece]:
    """Rows of TSV instead of the documents of each file LABEL.txt that lies in a folder of the ``sources``.

    Args:
        pieces: the text, in documents.
        sources: what they are of.
        column: place, from 0, of the label in a row; the document has the other one of two.

    Raises:
        ConfigError: the label is to be in a column that such rows do not have.
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
    r"""A text in pieces, with END after each document and without what separated them; empty documents are left out.

    A file's end always ends a document.

    Args:
        pieces: the text; of the pieces that come out, ``start`` counts symbols.
        documents: "line": documents are lines; "file": each file is one; anything else is the text that separates
            them, with ``escapes.ESCAPES``. "": the text is not split, and stays as it is. Lines, and the lines of a
            separator, end with "\n", "\r\n", or "\r" in a file whose first line does.
        unit: of the text, see ``Vocabulary``.
        old_split: split as runs were that are older than this rule: only lines end with "\r\n", and none with "\r".

    Raises:
        ConfigError: ``documents`` is no text.
        CorpusError: a file holds END.
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
        """Whether it is known how the first line ends."""
        self._held = ""
        self._begun = False
        """Whether a document has characters so far."""
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
        # A separator may have begun at the end of what is known so far.
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
    r"""What separates documents, the longest first.

    Attributes:
        usual: in a file whose first line ends with "\n" or "\r\n".
        of_returns: in one whose first line ends with "\r"; empty if lines do not matter.
    """

    usual: tuple[str, ...]
    of_returns: tuple[str, ...]

    @classmethod
    def of(cls, documents: str, unit: str) -> "Separators":
        """Those of a way to split, see ``in_documents``."""
        if documents in ("", "file"):
            return cls((), ())
        typed = "\n" if documents == "line" else to_sought("documents", unescaped(documents), unit)
        if "\n" not in typed or "\r" in typed:
            return cls((typed,), ())
        usual = (typed.replace("\n", "\r\n"), typed)
        return cls(usual, (*usual, typed.replace("\n", "\r")))


def to_beginning(text: str | bytes, vocabulary: Vocabulary, unknown: str = "error") -> str:
    """What a model reads of a text that it is to go on with.

    Of a model of documents, what would end a document at the text's end, such as the newline of ``echo``, is dropped.
    So is the end of the last line if the model knows none, as of words, or of a text that is one line.

    Args:
        text: to go on with; may be empty.
        vocabulary: the model's.
        unknown: see ``known_symbols``; so is done about what ends a document within the text.

    Raises:
        VocabularyError: the text holds unknown characters, or a document ends in it, and ``unknown`` is "error".
        ConfigError: as ``to_symbols`` and ``known_symbols``.
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
    """A part to train on and one to validate with; of documents, see ``Documents.split``, else ``corpus.split``."""
    if corpus.vocabulary.documents:
        return Documents.of(corpus.ids, len(corpus.vocabulary) - 1).split(val_fraction)
    return split_ids(corpus.ids, val_fraction)


class Documents:
    """Some documents of a text, in some order, as one text of ids that begins and ends with END.

    It is made where it is looked at: in memory are some 40 bytes for each document.

    Args:
        ids: (N,) the text that they are of, END d_1 END d_2 ... END; perhaps in a file.
        starts: (D + 1,) where each END lies in it.
        chosen: (n,) the documents, by number from 0.
    """

    def __init__(self, ids: Ids, starts: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]) -> None:
        self._ids, self._starts, self._chosen = ids, starts, chosen
        self._mapped = 0
        firsts = starts[chosen]
        self._stops = np.cumsum(starts[chosen + 1] - firsts)
        """Where each document ends here: at the END that belongs to the next one, or at last to none."""
        self._shifts = np.append(firsts, starts[-1]) - np.append(0, self._stops)
        """How far the text's places lie from those here, in each document, and after the last one."""

    @classmethod
    def of(cls, ids: Ids, end: int) -> "Documents":
        """All documents of a text in which ``end`` is the id of END."""
        parts = range(0, len(ids), SCANNED)
        starts = np.concatenate([first + np.flatnonzero(ids[first : first + SCANNED] == end) for first in parts])
        release_pages(ids)
        return cls(ids, starts, np.arange(len(starts) - 1))

    @property
    def count(self) -> int:
        """How many documents."""
        return len(self._chosen)

    def __len__(self) -> int:
        return int(self._stops[-1]) + 1 if self.count else 0

    def __getitem__(self, at: slice | npt.NDArray[np.int64]) -> Ids:
        """The ids at these places."""
        places = np.arange(*at.indices(len(self))) if isinstance(at, slice) else at
        document = np.searchsorted(self._stops, places, side="right")
        ids: Ids = self._ids[places + self._shifts[document]]
        self._mapped += 1 + np.count_nonzero(np.diff(document))
        if self._mapped > MOST_MAPPED:
            release_pages(self._ids)
            self._mapped = 0
        return ids

    def shuffled(self, *seed: int) -> "Documents":
        """The same documents in an order that is a function of their number and the seed."""
        order = np.random.default_rng(seed).permutation(self.count)
        return Documents(self._ids, self._starts, self._chosen[order])

    def split(self, fraction: float) -> tuple["Documents", "Documents"]:
        """Documents to train on, and that share of them, at least one, to validate with, if there are two.

        Which ones is a function of their number alone: all runs on a text validate with the same ones, and a sorted
        text does not mislead. Both are in the text's order.
        """
        held_out = min(self.count - 1, max(1, round(self.count * fraction))) if fraction else 0
        order = self.shuffled(0)._chosen
        parts = np.sort(order[held_out:]), np.sort(order[:held_out])
        train, validate = (Documents(self._ids, self._starts, part) for part in parts)
        return train, validate
