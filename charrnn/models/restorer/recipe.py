"""Choose the model that restores a text best after a given time.

The constants are measured on runs of five minutes that restore Czech accents.
"""

import math

from charrnn.models.restorer.cost import RestorerCost
from charrnn.training.plan import Draft, Speed
from charrnn.training.settings import TrainingSettings

RESTORING_SIZES = (64, 96, 128, 192, 256, 384, 512)

RESTORING_LAYERS = 2

REFERENCE_UNITS, REFERENCE_OPERATIONS = 256, 2.0e14
"""Best hidden size for this many floating-point operations; it grows with the fourth root of the operations."""

CHARACTERS_PER_UNIT = 4_000
"""Least characters of text for each hidden unit; larger models memorise the text."""

RESTORING_EMBEDDING = 64

RESTORING_RATE = 0.008
"""Peak learning rate."""

RESTORING_WEIGHT_DECAY = 0.05

RESTORING_DROPOUT, PASSES_WITHOUT = 0.2, 2.0
"""Dropout, and the number of passes over the text up to which none is needed."""

MOST_VALIDATED = 60_000
"""Validation characters that suffice to compare the checkpoints of a run."""


def choose_restorer(draft: Draft, speed: Speed) -> float:
    """Choose a network and its regularisation; returns its training speed in characters per second."""
    seconds = 60 * draft.settings.minutes
    if (total := draft.characters + draft.val_characters) * TrainingSettings.val_fraction > MOST_VALIDATED:
        draft.choose(val_fraction=round(MOST_VALIDATED / total, 6))
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(learning_rate=RESTORING_RATE, weight_decay=RESTORING_WEIGHT_DECAY)
    draft.choose(num_layers=RESTORING_LAYERS, embedding_size=RESTORING_EMBEDDING, hidden_size=RESTORING_SIZES[2])
    rate = speed(draft.config, draft.settings)
    rate = draft.choose_precision(speed, rate)
    if not draft.is_given("hidden_size"):
        operations = 6.0 * RestorerCost(draft.config).weights * rate * seconds
        draft.choose(hidden_size=best_units(operations, draft.characters))
        rate = speed(draft.config, draft.settings)
    if rate * seconds > PASSES_WITHOUT * draft.characters:
        draft.choose(dropout=RESTORING_DROPOUT)
    return rate


def best_units(operations: float, characters: int) -> int:
    """The best hidden size for ``operations`` floating-point operations on a text of ``characters`` characters."""
    best = REFERENCE_UNITS * math.pow(operations / REFERENCE_OPERATIONS, 0.25)
    best = min(best, characters / CHARACTERS_PER_UNIT)
    return min(RESTORING_SIZES, key=lambda size: abs(math.log(size / max(best, 1))))
