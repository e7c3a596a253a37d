"""Labels and their texts as training data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from charrnn.models.label_data import LabelledRows
from charrnn.text.examples import Example, Examples, examples_in


def turned_round(rows: Sequence[Example]) -> list[Example]:
    """Swap input and target: rows of a label and its text become rows of a text and its label."""
    return [replace(row, given=row.wanted, wanted=row.given) for row in rows]


def labelled_texts_in(text: str, columns: str) -> list[Example]:
    """Parse a text, whose lines are separated by END, into rows of a text and its label."""
    return turned_round(examples_in(text, columns))


class LabelledTexts(LabelledRows):
    """Texts and their labels, to learn to write the text given the label; see ``LabelledRows``."""

    def fields(self) -> dict[str, Any]:
        """Fields of the config: those of ``LabelledRows``, and the texts per label; see ``Data``."""
        fields = super().fields()
        return fields | {"label_counts": tuple(self.counts[label] for label in fields["labels"])}

    def split(self, val_fraction: float) -> tuple[Examples, Examples]:
        """Split the rows as ``LabelledRows`` does; here each text's length includes its END. See ``Data``."""
        train, validation = super().split(val_fraction)
        return replace(train, ends=1), replace(validation, ends=1)
