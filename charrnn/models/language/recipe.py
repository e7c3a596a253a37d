"""Choose the model and regularisation that reach the lowest loss on a text in a given time.

A small model underfits. A large one cannot be trained in the time and overfits a short text. The best size grows with
the time and the machine's speed (Kaplan et al. 2020, "Scaling laws for neural language models"; Hoffmann et al. 2022,
"Training compute-optimal large language models"). The constants are measured, see benchmarks/results.md.
"""

import math
from collections.abc import Sequence

import numpy as np

from charrnn.hyperparameters import defaults_of, options_in
from charrnn.models.language.config import LanguageConfig
from charrnn.training.plan import Draft, Speed
from charrnn.training.settings import TrainingSettings

PLANNED_CELL = "gru-lecture"
"""The cell with the lowest loss after a few minutes."""

HIDDEN_SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)

REFERENCE_SIZE = 420
REFERENCE_WORK = 2.4e13
"""Best hidden size for this many floating-point operations; it grows with the fourth root of the operations."""

TEXT_LENGTHS = (1_300, 18_000, 90_000, 315_000, 1_000_000, 100_000_000)
LARGEST_SIZES = (64, 105, 240, 300, 540, 5400)
"""Largest useful hidden size for texts of TEXT_LENGTHS characters; for long texts it grows with their square root."""
MOST_EPOCHS = (100, 36, 12, 7.5, 20, 20)
"""Passes over a text of TEXT_LENGTHS characters after which a model of the largest useful size overfits."""

WEIGHT_DECAY = 0.25

DROPOUT_PER_EPOCH, EPOCHS_WITHOUT, MOST_DROPOUT = 0.02, 4.0, 0.3
"""Dropout per pass over a text, number of passes that need none, and the largest dropout."""

MOST_EPOCHS_TIED = 5.0
"""Most passes over a text for which a tied embedding helps: it learns faster, but overfits sooner."""

LARGEST_WITHOUT = 128
"""Largest hidden size that needs no dropout."""


def choose_model(draft: Draft, speed: Speed) -> float:
    """Choose a network and its regularisation; returns its training speed in characters per second."""
    minutes = draft.settings.minutes
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(weight_decay=WEIGHT_DECAY)
    if all(map(draft.is_default, options_in("cells", "Model").keys() - defaults_of("cells", PLANNED_CELL).keys())):
        draft.choose(cell=PLANNED_CELL)
    throughput = speed(draft.config, draft.settings)
    throughput = draft.choose_precision(speed, throughput)
    if not draft.is_given("hidden_size"):
        draft.choose(
            hidden_size=best_size(throughput * 60 * minutes * work_per_character(draft.config), draft.characters)
        )
        throughput = speed(draft.config, draft.settings)
    epochs = min(draft.most_epochs, throughput * 60 * minutes / draft.characters)
    draft.choose(dropout=best_dropout(draft.config.hidden_size, epochs))
    if gains_by_tying(epochs) and not draft.is_given("embedding_size"):
        draft.choose(tie_embedding=True)
    return speed(draft.config, draft.settings) if draft.config.dropout or draft.config.tie_embedding else throughput


def why_this_size(draft: Draft) -> str:
    """The reason for the hidden size, for the plan's report; empty if the user chose it."""
    if draft.is_given("hidden_size"):
        return ""
    if is_largest(draft.config.hidden_size, draft.characters):
        return ", no larger, as the text is short"
    minutes = draft.settings.minutes
    return f", as learns most in {minutes:.3g} minute{'' if minutes == 1 else 's'}"


def work_per_character(config: LanguageConfig) -> float:
    """Floating-point operations per character of training: the backward pass takes twice the forward pass."""
    H, layers = config.hidden_size, config.num_layers
    return 6.0 * H * ((2 * layers - 1) * config.stack.gate_width + config.vocab_size)


def best_size(work: float, characters: int) -> int:
    """The best hidden size for ``work`` floating-point operations on a text of ``characters`` characters."""
    return _nearest(min(REFERENCE_SIZE * math.pow(work / REFERENCE_WORK, 0.25), _at(LARGEST_SIZES, characters)))


def is_largest(hidden_size: int, characters: int) -> bool:
    """Whether this is the largest useful size for a text of ``characters`` characters."""
    return hidden_size == _nearest(_at(LARGEST_SIZES, characters))


def most_epochs(hidden_size: int, characters: int) -> float:
    """Most useful passes over a text of ``characters`` characters.

    A model smaller than the largest useful size gets proportionally more, as it overfits later. A larger one gets
    fewer, by the square root of the ratio, as it still has to learn the language.
    """
    smaller = _at(LARGEST_SIZES, characters) / hidden_size
    return _at(MOST_EPOCHS, characters) * (smaller if smaller > 1 else math.sqrt(smaller))


def best_dropout(hidden_size: int, epochs: float) -> float:
    """The best dropout for a model that is trained for ``epochs`` passes over its text."""
    if hidden_size <= LARGEST_WITHOUT:
        return 0.0
    return round(min(MOST_DROPOUT, max(0.0, DROPOUT_PER_EPOCH * (epochs - EPOCHS_WITHOUT))), 2)


def gains_by_tying(epochs: float) -> bool:
    """Whether a tied embedding helps a model that is trained for ``epochs`` passes over its text."""
    return epochs <= MOST_EPOCHS_TIED


def _nearest(size: float) -> int:
    return min(HIDDEN_SIZES, key=lambda known: abs(math.log(known / size)))


def _at(values: Sequence[float], characters: int) -> float:
    """Interpolate values at TEXT_LENGTHS for a text of ``characters`` characters."""
    return math.exp(np.interp(math.log(characters), np.log(TEXT_LENGTHS), np.log(values)))
