"""Labelled rows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from charrnn.errors import CorpusError
from charrnn.text.corpus import Corpus
from charrnn.text.examples import Examples, examples_of, split_examples


class LabelledRows:
    """The rows of a corpus and their labels; a ``charrnn.kinds.contract.Data``.

    Args:
        corpus: read line by line.
        columns: which of a line's columns hold what; see ``charrnn.text.examples``.

    Raises:
        CorpusError: a line is malformed, or there are not two labels.
    """

    def __init__(self, corpus: Corpus, columns: str) -> None:
        self._vocabulary, self._rows = corpus.vocabulary, examples_of(corpus, columns)
        counts = Counter(row.wanted for row in self._rows)
        self._labels = sorted(counts)
        self._rare = [label for label, count in counts.items() if count == 1]
        if len(self._labels) < 2:
            raise CorpusError(
                f"the labels must be at least two different ones, not {self._labels[0]!r} alone: give rows with "
                "others, or --columns that hold the labels"
            )

    def fields(self) -> dict[str, Any]:
        """See ``Data``."""
        return {"vocab_size": len(self._vocabulary), "end_symbol": True, "labels": tuple(self._labels)}

    def split(self, val_fraction: float) -> tuple[Examples, Examples]:
        """See ``Data``."""
        return split_examples(self._rows, self._vocabulary, val_fraction)

    def notes(self, train: Examples, validation: Examples, val_fraction: float) -> Iterator[str]:
        """See ``Data``."""
        counts = f"{len(train.rows):,} rows to train on, {len(validation.rows):,} to validate with"
        yield f"{counts}; {len(self._labels)} labels"
        if self._rare:
            shown = ", ".join(self._rare[:3]) + ", ..." * (len(self._rare) > 3)
            yield f"{len(self._rare)} labels occur only once, too rarely to be learned: {shown}"
