"""The rows of a corpus, each a text and its label, as training data."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.errors import CorpusError
from charrnn.text.examples import Example, Examples, classes_in, split_examples
from charrnn.text.vocabulary import Vocabulary


class LabelledRows:
    """Rows of a text (``given``) and its label (``wanted``); a ``charrnn.kinds.contract.Data``.

    Args:
        rows: at least one.
        vocabulary: the characters of the texts and labels.
        known: labels of the model to be trained, if it has learned before.

    Raises:
        CorpusError: all rows have the same label, and the model knows no other.

    Attributes:
        counts: number of rows of each label.
    """

    def __init__(self, rows: Sequence[Example], vocabulary: Vocabulary, known: Sequence[str] = ()) -> None:
        self._rows, self._vocabulary = rows, vocabulary
        self.counts = Counter(row.wanted for row in rows)
        self._labels = classes_in(self.counts, known)
        if len(self._labels) < 2:
            raise CorpusError(
                f"the labels must be at least two different ones, not {rows[0].wanted!r} alone: give rows with "
                "others, or --columns that hold the labels"
            )

    def fields(self) -> dict[str, Any]:
        """Fields of the config: the size of the vocabulary, and the labels; see ``Data``."""
        return {"vocab_size": len(self._vocabulary), "end_symbol": True, "labels": self._labels}

    def split(self, val_fraction: float) -> tuple[Examples, Examples]:
        """Split the rows; all rows of one text are in the same part. See ``Data``."""
        return split_examples(self._rows, self._vocabulary, val_fraction)

    def notes(self, train: Examples, validation: Examples, val_fraction: float) -> Iterator[str]:
        """Count the rows of each part and the labels, and name rare labels; see ``Data``."""
        counts = f"{len(train.rows):,} rows to train on, {len(validation.rows):,} to validate with"
        yield f"{counts}; {len(self.counts)} labels"
        if wider := sum(bool(row.features) for row in self._rows):
            yield f"{wider:,} rows have a third column, which is not read"
        rare = [label for label, count in self.counts.items() if count == 1]
        if rare:
            shown = ", ".join(rare[:3]) + ", ..." * (len(rare) > 3)
            yield f"labels that occur only once, too rarely to be learned: {shown}"
