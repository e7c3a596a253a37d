"""Choose what is learned best in a given time, as for language models, in batches of as many characters."""

from charrnn.models.language.recipe import choose_model
from charrnn.training.plan import Draft, Speed

BATCH_CHARACTERS = 2048
"""Characters of a batch of language models."""

SMALLEST_BATCH, LARGEST_BATCH = 8, 256


def choose_conditional(draft: Draft, speed: Speed) -> float:
    """Choose the rows of a batch, a network and its regularisation; returns the speed in characters per second."""
    length = draft.characters / max(1, len(draft.train.rows))
    draft.choose(batch_size=min(LARGEST_BATCH, max(SMALLEST_BATCH, round(BATCH_CHARACTERS / length))))
    return choose_model(draft, speed)
