"""Settings for drawing a text, which are checked when they are created."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from charrnn.arguments import check_text
from charrnn.errors import ConfigError
from charrnn.options import check_options_of, declare, options_of

if TYPE_CHECKING:
    from charrnn.kernels.draw import Rules

MOST_CLASSES = 2**31 - 1
"""Largest ``top_k`` that kernels take; larger ones have the same effect, as no vocabulary has as many characters."""

of_sampling = partial(declare, group="Sampling")


@dataclass(frozen=True)
class SamplingSettings:
    """Settings for drawing a text.

    The logits are divided by the temperature. Then top-k, top-p and min-p are applied, each to the characters that the
    previous filter has kept; 0, 1 and 0 keep all.

    Raises:
        ConfigError: A value is out of range.
    """

    length: int = of_sampling(500, "Maximum number of characters to draw after the seed.", least=0)
    temperature: float = of_sampling(
        0.8, "Below 1: safer; above 1: wilder; 0: always the most probable character.", least=0
    )
    top_k: int = of_sampling(0, "Draw from the K most probable characters.", shown_default="all", metavar="K", least=0)
    top_p: float = of_sampling(
        1.0,
        "Draw only from the most probable characters that together reach probability P.",
        shown_default="all",
        metavar="P",
        above=0,
        most=1,
    )
    min_p: float = of_sampling(
        0.0,
        "Draw from the characters of at least P times the largest probability.",
        shown_default="all",
        metavar="P",
        least=0,
        most=1,
    )
    stop: tuple[str, ...] = ()
    """Stop texts, as symbols of the model's unit: the text ends before the first one that is complete."""

    def __post_init__(self) -> None:
        check_options_of(self, SAMPLING_OPTIONS)
        if not isinstance(self.stop, tuple):
            raise ConfigError(f"stop must be a tuple of texts, not {self.stop!r}")
        if not all(check_text("a stop text", text) for text in self.stop):
            raise ConfigError("stop must be texts of at least one character, not '': leave it out")

    @property
    def rules(self) -> Rules:
        """The settings in the form that the drawing kernel takes."""
        from charrnn.kernels.draw import Rules  # slow to import, and not needed by sample --help

        return Rules(self.temperature, min(self.top_k, MOST_CLASSES), self.top_p, self.min_p)


SAMPLING_OPTIONS = options_of(SamplingSettings)
