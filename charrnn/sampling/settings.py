"""Settings for drawing a text, which are checked when they are made."""

import math
from dataclasses import dataclass

from charrnn.arguments import check_number, check_text, check_whole
from charrnn.errors import ConfigError
from charrnn.kernels.draw import Rules

MOST_CLASSES = 2**31 - 1
"""Largest ``top_k``: more than any vocabulary has."""


@dataclass(frozen=True)
class SamplingSettings:
    """Settings for drawing a text: temperature, then top-k, top-p and min-p, each of the characters left before.

    Raises:
        ConfigError: A value is out of range.
    """

    length: int = 500
    """Characters to draw after the prefix."""
    temperature: float = 0.8
    """Divisor of the logits; 0 always takes the most probable character."""
    top_k: int = 0
    """Number of most probable characters to draw from; 0 for all."""
    top_p: float = 1.0
    """Draw from the smallest set of most probable characters with this total probability; 1 for all."""
    min_p: float = 0.0
    """Draw from the characters with at least this fraction of the largest probability; 0 for all."""
    stop: tuple[str, ...] = ()
    """Stop texts, as symbols of the model's unit: the text ends before the first one that is complete."""

    def __post_init__(self) -> None:
        for name in ("length", "top_k"):
            check_whole(name, getattr(self, name), 0)
        for name in ("temperature", "top_p", "min_p"):
            check_number(name, getattr(self, name))
        if not 0 <= self.temperature < math.inf:
            raise ConfigError(f"temperature must be a finite number of at least 0, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be above 0 and at most 1, not {self.top_p}")
        if not 0 <= self.min_p <= 1:
            raise ConfigError(f"min_p must be from 0 to 1, not {self.min_p}")
        if not isinstance(self.stop, tuple):
            raise ConfigError(f"stop must be a tuple of texts, not {self.stop!r}")
        if not all(check_text("a stop text", text) for text in self.stop):
            raise ConfigError("stop must be texts of at least one character, not '': leave it out")

    @property
    def rules(self) -> Rules:
        """Return the settings as the drawing kernel takes them."""
        top_k = min(int(self.top_k), MOST_CLASSES)
        return Rules(float(self.temperature), top_k, float(self.top_p), float(self.min_p))
