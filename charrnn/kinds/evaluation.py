"""Figures of a model's quality, beside those of simple baselines that learn from the same data in a second."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model and of its baselines.

    Attributes:
        count: what was answered, such as "2,106 rows".
        titles: the title of each figure, by its name, in the order in which they are shown.
        figures: those of the model, under "model", and of each baseline, by name. A baseline may lack some.
        details: tables of further figures, by title; the first row of each is its heading.
    """

    count: str
    titles: dict[str, str]
    figures: dict[str, dict[str, float]]
    details: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
