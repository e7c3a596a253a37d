"""Rows of a text and its label."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.errors import CorpusError
from charrnn.text.examples import Example, Examples, split_examples
from charrnn.text.vocabulary import Vocabulary


class LabelledRows:
    """Rows of a text, which is ``given``, and its label, which is ``wanted``; a ``charrnn.kinds.contract.Data``.

    Args:
        rows: at least one.
        vocabulary: of the texts and the labels.

    Raises:
        CorpusError: there are not two labels.

    Attributes:
        counts: rows of each label.
    """

    def __init__(self, rows: Sequence[Example], vocabulary: Vocabulary) -> None:
        self._rows, self._vocabulary = rows, vocabulary
        self.counts = Counter(row.wanted for row in rows)
        if len(self.counts) < 2:
            raise CorpusError(
                f"the labels must be at least two different ones, not {rows[0].wanted!r} alone: give rows with "
                "others, or --columns that hold the labels"
            )

    def fields(self) -> dict[str, Any]:
        """See ``Data``."""
        return {"vocab_size": len(self._vocabulary), "end_symbol": True, "labels": tuple(sorted(self.counts))}

    def split(self, val_fraction: float) -> tuple[Examples, Examples]:
        """See ``Data``: all rows of one text are in one part."""
        return split_examples(self._rows, self._vocabulary, val_fraction)

    def notes(self, train: Examples, validation: Examples, val_fraction: float) -> Iterator[str]:
        """See ``Data``."""
        counts = f"{len(train.rows):,} rows to train on, {len(validation.rows):,} to validate with"
        yield f"{counts}; {len(self.counts)} labels"
        rare = [label for label, count in self.counts.items() if count == 1]
        if rare:
            shown = ", ".join(rare[:3]) + ", ..." * (len(rare) > 3)
            yield f"labels that occur only once, too rarely to be learned: {shown}"
