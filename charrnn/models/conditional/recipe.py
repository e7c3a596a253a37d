"""Choose what is learned best in a given time, as for language models, in batches of as many characters."""

from charrnn.models.language.recipe import choose_model
from charrnn.training.plan import Draft, Speed

BATCH_CHARACTERS = 2048
"""Characters of a batch of language models."""

SMALLEST_BATCH, LARGEST_BATCH = 8, 256
"""Rows of a batch."""

LEAST_BATCHES = 20
"""Batches of few rows, which need updates to be learned."""


def choose_conditional(draft: Draft, speed: Speed) -> float:
    """Choose the rows of a batch, a network and its regularisation; returns the speed in characters per second."""
    rows = len(draft.train.rows)
    fitting = min(LARGEST_BATCH, round(BATCH_CHARACTERS * rows / draft.characters), rows // LEAST_BATCHES)
    draft.choose(batch_size=max(SMALLEST_BATCH, fitting))
    return choose_model(draft, speed)
