"""Metrics: measures of a model's quality, each with a name and a direction."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_NATS = 1000.0
"""Loss in nats above which training counts as diverged."""


@dataclass(frozen=True)
class Metric:
    """A measure of quality.

    Attributes:
        name: a short name; metrics.jsonl stores its values as ``train_NAME`` and ``val_NAME``.
        title: the name in words.
        higher_is_better: whether higher values are better.
        nats: if the metric is the loss in another unit, the nats in one such unit; else 0.
    """

    name: str
    title: str
    higher_is_better: bool = False
    nats: float = 0.0

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another one; any value is better than None."""
        return than is None or (value > than if self.higher_is_better else value < than)

    def is_sound(self, value: float) -> bool:
        """Whether a value is finite and, if it is a loss, below MOST_NATS; otherwise the model has diverged."""
        return abs(value) * self.nats < MOST_NATS and math.isfinite(value)

    def best(self, values: Iterable[float | None]) -> float | None:
        """The best of some values; None if all are None."""
        known = [value for value in values if value is not None]
        return (max if self.higher_is_better else min)(known, default=None)

    def of(self, record: Mapping[str, Any]) -> float | None:
        """The validation value in a line of metrics.jsonl; the training value if there is none."""
        value: float | None = record.get(f"val_{self.name}")
        return record.get(f"train_{self.name}") if value is None else value


BITS_PER_CHARACTER = Metric("bpc", "bits per character", nats=math.log(2))
"""The metric of language models: cross-entropy in bits, averaged over characters."""
