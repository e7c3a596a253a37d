"""Choose the model that writes best after a given time.

The network is chosen as for language models, and the batch size so that a batch has about BATCH_CHARACTERS characters.
"""

from charrnn.models.language.recipe import choose_model
from charrnn.training.plan import Draft, Speed

BATCH_CHARACTERS = 2048
"""Characters in a batch; as many as in one of language models."""

SMALLEST_BATCH, LARGEST_BATCH = 8, 256
"""Bounds of the number of rows in a batch."""

LEAST_BATCHES = 20
"""Least number of batches in an epoch; with little data, batches are made smaller to have that many updates."""


def choose_conditional(draft: Draft, speed: Speed) -> float:
    """Choose batch size, network and regularisation; returns the training speed in characters per second."""
    rows = len(draft.train.rows)
    fitting = min(LARGEST_BATCH, round(BATCH_CHARACTERS * rows / draft.characters), rows // LEAST_BATCHES)
    draft.choose(batch_size=max(SMALLEST_BATCH, fitting))
    return choose_model(draft, speed)
