"""The model and the regularisation that learn most of a text in some time.

The constants are measured: see docs/quality.md.

A model can be too small for the time it has, too large to be trained in it, or large enough to learn a short text by
heart. At equal time, the best size grows with the time and the machine's speed (Kaplan et al. 2020, "Scaling laws for
neural language models"; Hoffmann et al. 2022, "Training compute-optimal large language models").
"""

import math

from charrnn.model.config import ModelConfig

CELL = "gru-lecture"
"""The cell that learns most in a few minutes."""

HIDDEN_SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)

REFERENCE_SIZE = 420
REFERENCE_WORK = 2.4e13
"""The size that is best for this much work, in floating-point operations; the best size grows with its fourth root."""

SHORT_TEXT = 18_000
"""Characters to learn of a short text, by which the limits of others are told."""

LARGEST_SIZE, SIZE_GROWTH = 105.0, 0.5
"""The largest size that is not too large for the short text, and the power of a text's length with which it grows."""

MOST_EPOCHS, EPOCHS_GROWTH, LONG_TEXT_EPOCHS = 36.0, -0.7, 14.0
"""Passes after which a model of that size knows the short text by heart, the power of a text's length with which they
grow, and what they come down to. A smaller model needs more, by as much as it is smaller."""

WEIGHT_DECAY = 0.25

DROPOUT_PER_EPOCH, EPOCHS_WITHOUT, MOST_DROPOUT = 0.02, 4.0, 0.3
"""Dropout for each pass over a text after the first ones, which need none."""

LARGEST_WITHOUT = 128
"""The largest size that is small enough to need no dropout."""


def work_per_character(config: ModelConfig) -> float:
    """Floating-point operations to learn from a character: forward, and twice as many backward."""
    H, layers = config.hidden_size, config.num_layers
    return 6.0 * H * ((2 * layers - 1) * config.gate_width + config.vocab_size)


def largest_size(characters: int) -> float:
    """The hidden size that is not yet too large for so many characters."""
    return LARGEST_SIZE * math.pow(characters / SHORT_TEXT, SIZE_GROWTH)


def best_size(work: float, characters: int) -> int:
    """The hidden size that learns most of so many characters with so many floating-point operations."""
    return _nearest(min(REFERENCE_SIZE * math.pow(work / REFERENCE_WORK, 0.25), largest_size(characters)))


def is_largest(hidden_size: int, characters: int) -> bool:
    """Whether so many characters bear no larger size."""
    return hidden_size == _nearest(largest_size(characters))


def _nearest(size: float) -> int:
    return min(HIDDEN_SIZES, key=lambda known: abs(math.log(known / size)))


def most_epochs(hidden_size: int, characters: int) -> float:
    """Passes over so many characters after which a model of that size learns them by heart instead."""
    epochs = max(LONG_TEXT_EPOCHS, MOST_EPOCHS * math.pow(characters / SHORT_TEXT, EPOCHS_GROWTH))
    return epochs * largest_size(characters) / hidden_size


def best_dropout(hidden_size: int, epochs: float) -> float:
    """The dropout of a model that passes over a text so often."""
    if hidden_size <= LARGEST_WITHOUT:
        return 0.0
    return round(min(MOST_DROPOUT, max(0.0, DROPOUT_PER_EPOCH * (epochs - EPOCHS_WITHOUT))), 2)
