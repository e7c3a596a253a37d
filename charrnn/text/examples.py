"""Rows of a TSV file: each line has an input ("given"), a target ("wanted"), and perhaps features of the target.

    given TAB wanted [TAB features]

Lines are UTF-8, without a header and without quoting. A corpus of rows is read as documents, one on each line (see
``charrnn.text.documents``).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from charrnn.errors import CorpusError
from charrnn.text.columns import columns_of
from charrnn.text.corpus import Corpus
from charrnn.text.sources import STDIN, read_pieces
from charrnn.text.vocabulary import END, Vocabulary

MOST_COLUMNS = 3

LONGEST_SIDE = 4096
"""Most characters of an input or target."""

SHOWN_OF_LINE = 40
"""Characters of a malformed line that an error message shows."""


@dataclass(frozen=True)
class Example:
    """A row: one line of the file.

    Attributes:
        given: the input.
        wanted: the target.
        features: features of the target; empty for none.
    """

    given: str
    wanted: str
    features: str = ""


@dataclass(frozen=True)
class Examples:
    """Some rows; the length of this object is the number of characters of their inputs.

    Attributes:
        rows: the rows.
        vocabulary: the characters of all columns.
        ends: number of further symbols, such as an end, that each row adds to the length.
    """

    rows: tuple[Example, ...]
    vocabulary: Vocabulary
    ends: int = 0

    def __len__(self) -> int:
        return sum(len(row.given) + self.ends for row in self.rows)

    def __getitem__(self, at: slice) -> "Examples":
        """Select a slice of the rows."""
        return replace(self, rows=self.rows[at])


class MalformedRowError(CorpusError):
    """A line is not a row.

    Attributes:
        number: number of the line, from 0, not counting empty lines.
        what: what is wrong with the line.
    """

    def __init__(self, number: int, what: str) -> None:
        super().__init__(
            f"cannot read line {number + 1}: {what}; give two or three columns of 1 to {LONGEST_SIDE:,} characters, "
            "with tabs between them"
        )
        self.number, self.what = number, what

    def located(self, sources: Sequence[str], encoding: str) -> CorpusError:
        """The same error, with the file and the line number in the message."""
        place = "the text" if STDIN in sources else located_line(self.number, sources, encoding)
        return CorpusError(
            f"cannot read {place}: {self.what}; give two or three columns of 1 to {LONGEST_SIDE:,} characters, with "
            "tabs between them"
        )


def examples_of(corpus: Corpus, columns: str) -> list[Example]:
    """Parse a corpus that was read line by line into rows.

    Raises:
        MalformedRowError: a line has too few or too many columns, or a column is empty or too long.
    """
    return examples_in(corpus.vocabulary.decode(corpus.ids[:]), columns)


def examples_in(text: str, columns: str) -> list[Example]:
    """Parse a text into rows; its lines are separated by END. See ``examples_of``.

    Raises:
        CorpusError: there is no row.
    """
    if not text.strip(END):
        raise CorpusError("a text of rows must have at least one, not none: give another file")
    return list(parse(text.strip(END).split(END), columns))


def parse(lines: Iterable[str], columns: str) -> Iterator[Example]:
    """Parse lines into rows, with the input and the target in the given columns.

    Raises:
        MalformedRowError: a line is not a row.
    """
    places = columns_of(columns)
    for number, line in enumerate(lines):
        cells, shown = line.rstrip("\r").split("\t"), repr(line[:SHOWN_OF_LINE])
        if not 2 <= len(cells) <= MOST_COLUMNS:
            got = "no tab" if len(cells) == 1 else f"{len(cells) - 1} tabs"
            raise MalformedRowError(number, f"it has {got}, {shown}")
        if max(places[:2]) >= len(cells):
            got = f"it has {len(cells)} columns, fewer than --columns {columns} reads"
            raise MalformedRowError(number, f"{got}, {shown}")
        given, wanted = (cells[place] for place in places[:2])
        for side, text in (("given", given), ("wanted", wanted)):
            if not text:
                raise MalformedRowError(number, f"the column of what is {side} is empty, {shown}")
            if len(text) > LONGEST_SIDE:
                got = f"a column has {len(text):,} characters, more than {LONGEST_SIDE:,}"
                raise MalformedRowError(number, f"{got}, {shown}")
        rest = [place for place in range(len(cells)) if place not in places[:2]]
        yield Example(given, wanted, cells[rest[0]] if rest else "")


def located_line(number: int, sources: Sequence[str], encoding: str) -> str:
    """Find a line, numbered without empty lines, in its file; returns words such as "line 7 of FILE".

    The number in the result counts empty lines, too.
    """
    left = number
    for origin, text in groupby(read_pieces(sources, encoding=encoding), key=lambda piece: piece.origin):
        for at, line in enumerate("".join(piece.text for piece in text).split("\n"), 1):
            if line and not left:
                return f"line {at} of {origin}"
            left -= bool(line)
    return f"line {number + 1} of the text"


def classes_in(found: Collection[str], known: Sequence[str] = ()) -> tuple[str, ...]:
    """The different classes ``found`` in some rows; or those that a model knows, if all of the found ones are known."""
    return tuple(known) if set(found) <= set(known) else tuple(sorted(set(found)))


def split_examples(rows: Sequence[Example], vocabulary: Vocabulary, val_fraction: float) -> tuple[Examples, Examples]:
    """Split rows into a part to train on and one to validate with.

    All rows with the same input are in the same part, so that nothing leaks. The choice depends on the rows alone. Both
    parts keep the order of the file.
    """
    distinct = list(dict.fromkeys(row.given for row in rows))
    held_out = min(len(distinct) - 1, max(1, round(len(distinct) * val_fraction))) if val_fraction else 0
    order = np.random.default_rng(0).permutation(len(distinct))
    validating = {distinct[at] for at in order[:held_out]}
    parts = ([row for row in rows if (row.given in validating) == is_held_out] for is_held_out in (False, True))
    train, validation = (Examples(tuple(part), vocabulary) for part in parts)
    return train, validation
