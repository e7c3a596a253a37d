"""The model and the regularisation that learn most of a text in some time.

The constants are measured: see benchmarks/results.md.

A model can be too small for the time it has, too large to be trained in it, or large enough to learn a short text by
heart. At equal time, the best size grows with the time and the machine's speed (Kaplan et al. 2020, "Scaling laws for
neural language models"; Hoffmann et al. 2022, "Training compute-optimal large language models").
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from charrnn.hyperparameters import defaults_of, options_in
from charrnn.kernels.processor import BFLOAT16
from charrnn.models.language.config import LanguageConfig
from charrnn.training.plan import Draft, Speed
from charrnn.training.settings import TrainingSettings

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

LEAST_BF16_MINUTES, LEAST_BF16_GAIN = 1.0, 1.15
"""Shorter runs are not worth the time to compile for bfloat16, nor is it worth rounding where it is hardly faster."""

LARGEST_WITHOUT = 128
"""The largest size that is small enough to need no dropout."""


def choose_model(draft: Draft, speed: Speed) -> float:
    """Choose a network and its regularisation; returns how many characters a second it learns."""
    minutes = draft.settings.minutes
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(weight_decay=WEIGHT_DECAY)
    if all(map(draft.is_default, options_in("cells", "Model").keys() - defaults_of("cells", PLANNED_CELL).keys())):
        draft.choose(cell=PLANNED_CELL)
    rate = speed(draft.config, draft.settings)
    if BFLOAT16 and minutes >= LEAST_BF16_MINUTES and not draft.is_given("precision"):
        bf16_rate = speed(replace(draft.config, precision="bf16"), draft.settings)
        if bf16_rate > LEAST_BF16_GAIN * rate:
            draft.choose(precision="bf16")
            rate = bf16_rate
    if not draft.is_given("hidden_size"):
        draft.choose(hidden_size=best_size(rate * 60 * minutes * work_per_character(draft.config), draft.characters))
        rate = speed(draft.config, draft.settings)
    epochs = min(draft.most_epochs, rate * 60 * minutes / draft.characters)
    draft.choose(dropout=best_dropout(draft.config.hidden_size, epochs))
    if gains_by_tying(epochs) and not draft.is_given("embedding_size"):
        draft.choose(tie_embedding=True)
    return speed(draft.config, draft.settings) if draft.config.dropout or draft.config.tie_embedding else rate


def why_this_size(draft: Draft) -> str:
    """Why the network has its size; empty where that is given."""
    if draft.is_given("hidden_size"):
        return ""
    if is_largest(draft.config.hidden_size, draft.characters):
        return ", no larger, as the text is short"
    return f", as learns most in {draft.settings.minutes:.3g} minutes"


def work_per_character(config: LanguageConfig) -> float:
    """Floating-point operations to learn from a character: forward, and twice as many backward."""
    H, layers = config.hidden_size, config.num_layers
    return 6.0 * H * ((2 * layers - 1) * config.stack.gate_width + config.vocab_size)


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
