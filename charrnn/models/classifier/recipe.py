"""Choose the classifier with the best accuracy after a given time.

The constants are measured on names and their languages. A network memorises the labels of short texts after a few
passes over the data. So regularisation matters most, and the more passes, the more of it (Srivastava et al. 2014,
"Dropout"; Szegedy et al. 2016 for label smoothing).
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
"""Regularisation for MANY_PASSES or more; proportionally less for fewer passes."""

MANY_PASSES, MOST_PASSES = 20.0, 50.0
"""Passes over the data from which on regularisation is full; and passes after which no more is learned."""

REFERENCE_CHARACTERS = 94_000
"""Characters of data for which MOST_PASSES holds; smaller data need more, by the square root of the ratio."""

CLASSIFIER_VALIDATED = 0.05
"""Fraction of the rows to validate with; small, as these rows are missing in the training part."""


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
    """Most useful passes over data of ``characters`` characters."""
    return MOST_PASSES * max(1.0, math.sqrt(REFERENCE_CHARACTERS / characters))
