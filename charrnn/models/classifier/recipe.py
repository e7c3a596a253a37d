"""Choose the model that labels best after a given time; the constants are measured on names and their languages.

Labels of short texts are learned by heart after a few passes, so what counts is regularisation, of which many passes
need much (Srivastava et al. 2014, "Dropout"; Szegedy et al. 2016 for label smoothing).
"""

import math

from charrnn.training.plan import Draft, Speed
from charrnn.training.settings import TrainingSettings

CLASSIFIER_UNITS, CLASSIFIER_EMBEDDING = 128, 64

CLASSIFIER_BATCH = 64
"""Rows of a batch."""

CLASSIFIER_RATE = 0.008
"""Peak learning rate."""

CLASSIFIER_REGULARISATION = {"dropout": 0.5, "symbol_dropout": 0.2, "label_smoothing": 0.1}
"""For MANY_PASSES or more; proportionally less for fewer."""

MANY_PASSES, MOST_PASSES = 20.0, 50.0
"""Passes over the data that need all of the regularisation, and after which no more is learned."""

REFERENCE_CHARACTERS = 94_000
"""Data of so many characters need MOST_PASSES; smaller ones need more, by the square root of the ratio."""

CLASSIFIER_VALIDATED = 0.05
"""Part of the rows to validate with: each that is not learned is missed."""


def choose_classifier(draft: Draft, speed: Speed) -> float:
    """Choose a network and its regularisation; returns its training speed in characters per second."""
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(learning_rate=CLASSIFIER_RATE)
    draft.choose(
        hidden_size=CLASSIFIER_UNITS,
        embedding_size=CLASSIFIER_EMBEDDING,
        batch_size=CLASSIFIER_BATCH,
        val_fraction=CLASSIFIER_VALIDATED,
        **CLASSIFIER_REGULARISATION,
    )
    rate = speed(draft.config, draft.settings)
    passes = 60 * draft.settings.minutes * rate / draft.characters
    if passes < MANY_PASSES:
        draft.choose(
            **{name: round(value * passes / MANY_PASSES, 2) for name, value in CLASSIFIER_REGULARISATION.items()}
        )
    return rate


def most_passes(characters: int) -> float:
    """Passes over data of ``characters`` characters after which no more is learned."""
    return MOST_PASSES * max(1.0, math.sqrt(REFERENCE_CHARACTERS / characters))
