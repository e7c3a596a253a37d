"""Measures of quality, by name and direction."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_NATS = 1000.0
"""A larger loss counts as divergence."""


@dataclass(frozen=True)
class Metric:
    """A measure of quality.

    Attributes:
        name: short, as in metrics.jsonl, where ``train_NAME`` and ``val_NAME`` are its values.
        title: in words.
        higher_is_better: its direction.
        nats: that one of it is, where it is the loss in other units; 0 where it is not.
    """

    name: str
    title: str
    higher_is_better: bool = False
    nats: float = 0.0

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another one, or than none."""
        return than is None or (value > than if self.higher_is_better else value < than)

    def is_sound(self, value: float) -> bool:
        """Whether a model that has not diverged may have this value; comparisons with a NaN are false."""
        return abs(value) * self.nats < MOST_NATS and math.isfinite(value)

    def best(self, values: Iterable[float | None]) -> float | None:
        """The best of some values; None where there is none."""
        known = [value for value in values if value is not None]
        return (max if self.higher_is_better else min)(known, default=None)

    def of(self, record: Mapping[str, Any]) -> float | None:
        """Its value in a line of metrics.jsonl: of the validation data, or of the training where nothing validates."""
        value: float | None = record.get(f"val_{self.name}")
        return record.get(f"train_{self.name}") if value is None else value


BITS_PER_CHARACTER = Metric("bpc", "bits per character", nats=math.log(2))
"""What language models are measured by: cross-entropy in bits, a mean over characters."""
