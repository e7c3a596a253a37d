"""The model and the regularisation that learn most of a text in some time.

The constants are measured: see docs/quality.md.

A model can be too small for the time it has, too large to be trained in it, or large enough to learn a short text by
heart. At equal time, the best size grows with the time and the machine's speed (Kaplan et al. 2020, "Scaling laws for
neural language models"; Hoffmann et al. 2022, "Training compute-optimal large language models").
"""

import math
from collections.abc import Sequence

import numpy as np

from charrnn.model.config import ModelConfig

PLANNED_CELL = "gru-lecture"
"""The cell that learns most in a few minutes."""

HIDDEN_SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)

REFERENCE_SIZE = 420
REFERENCE_WORK = 2.4e13
"""The size that is best for this much work, in floating-point operations; the best size grows with its fourth root."""

TEXT_LENGTHS = (1_300, 18_000, 90_000, 315_000, 1_000_000, 100_000_000)
LARGEST_SIZES = (64, 105, 240, 300, 540, 5400)
"""The largest size that so many characters bear; far beyond a million, their square root."""
MOST_EPOCHS = (100, 36, 12, 7.5, 20, 20)
"""Passes over so many characters after which a model of that size learns them by heart instead."""

WEIGHT_DECAY = 0.25

DROPOUT_PER_EPOCH, EPOCHS_WITHOUT, MOST_DROPOUT = 0.02, 4.0, 0.3
"""Dropout for each pass over a text after the first ones, which need none."""

MOST_EPOCHS_TIED = 5.0
"""Passes over a text up to which a tied embedding helps: it learns faster, and soon more by heart."""

LARGEST_WITHOUT = 128
"""The largest size that is small enough to need no dropout."""


def work_per_character(config: ModelConfig) -> float:
    """Floating-point operations to learn from a character: forward, and twice as many backward."""
    H, layers = config.hidden_size, config.num_layers
    return 6.0 * H * ((2 * layers - 1) * config.gate_width + config.vocab_size)


def best_size(work: float, characters: int) -> int:
    """The hidden size that learns most of so many characters with so many floating-point operations."""
    return _nearest(min(REFERENCE_SIZE * math.pow(work / REFERENCE_WORK, 0.25), _at(LARGEST_SIZES, characters)))


def is_largest(hidden_size: int, characters: int) -> bool:
    """Whether so many characters bear no larger size."""
    return hidden_size == _nearest(_at(LARGEST_SIZES, characters))


def most_epochs(hidden_size: int, characters: int) -> float:
    """Passes over so many characters that are worth the time: more for a small model, which learns less by heart.

    A larger one than the text bears has to learn the language all the same, and has fewer, but not as many fewer.
    """
    smaller = _at(LARGEST_SIZES, characters) / hidden_size
    return _at(MOST_EPOCHS, characters) * (smaller if smaller > 1 else math.sqrt(smaller))


def best_dropout(hidden_size: int, epochs: float) -> float:
    """The dropout of a model that passes over a text so often."""
    if hidden_size <= LARGEST_WITHOUT:
        return 0.0
    return round(min(MOST_DROPOUT, max(0.0, DROPOUT_PER_EPOCH * (epochs - EPOCHS_WITHOUT))), 2)


def gains_by_tying(epochs: float) -> bool:
    """Whether a model that passes over a text so often learns more with a tied embedding."""
    return epochs <= MOST_EPOCHS_TIED


def _nearest(size: float) -> int:
    return min(HIDDEN_SIZES, key=lambda known: abs(math.log(known / size)))


def _at(values: Sequence[float], characters: int) -> float:
    """The value for a text of that length, between the measured ones."""
    return math.exp(np.interp(math.log(characters), np.log(TEXT_LENGTHS), np.log(values)))
