"""Labels and their texts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from charrnn.models.label_data import LabelledRows
from charrnn.text.examples import Example, Examples, examples_in


def turned_round(rows: Sequence[Example]) -> list[Example]:
    """Rows of a label that is given and a text that is wanted, as rows of a text and its label."""
    return [replace(row, given=row.wanted, wanted=row.given) for row in rows]


def labelled_texts_in(text: str, columns: str) -> list[Example]:
    """The texts and their labels in a text whose lines END separates."""
    return turned_round(examples_in(text, columns))


class LabelledTexts(LabelledRows):
    """See ``LabelledRows``: here, the label is given and the text is wanted."""

    def fields(self) -> dict[str, Any]:
        """See ``Data``."""
        fields = super().fields()
        return fields | {"label_counts": tuple(self.counts[label] for label in fields["labels"])}

    def split(self, val_fraction: float) -> tuple[Examples, Examples]:
        """See ``Data``: the end of a text is one of its symbols."""
        train, validation = super().split(val_fraction)
        return replace(train, ends=1), replace(validation, ends=1)
