"""Choose the network and its regularisation for a series.

A series of some hundred rows is a tiny text: few hidden units, much weight decay, updates on all rows at once, and the
best of 30 evaluations. Constants are measured on yearly sunspots, see docs/series.md.
"""

from typing import Any

from charrnn.models.forecaster.rivals import best_order
from charrnn.training.plan import Draft, Speed
from charrnn.training.settings import TrainingSettings

LARGEST_BATCH = 512
"""Windows of an update, at most."""

SERIES_DECAY = 1.0

UNROLLED_ROWS = 1024
"""Rows of a series that is unrolled as a whole."""

SEGMENT_ROWS = 256
"""Rows of a segment of a longer one."""

SERIES_EPOCHS, LEAST_EPOCHS = 1500, 30
"""Passes over a series of at most LARGEST_BATCH rows after which a model overfits; over a long one."""


def choose_forecaster(draft: Draft, speed: Speed, *, windows: bool) -> float:
    """Choose what the user has left open; returns the training speed in rows a second."""
    part: Any = draft.train
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(weight_decay=SERIES_DECAY, learning_rate=0.01)
    draft.choose(lags=best_order(part.whole.target[: part.last]))
    if windows:
        draft.choose(batch_size=min(LARGEST_BATCH, len(part)))
    else:
        whole = len(part) <= UNROLLED_ROWS
        draft.choose(seq_length=0 if whole else SEGMENT_ROWS, batch_size=1 if whole else 16, cell="gru")
    return speed(draft.config, draft.settings)


def most_epochs_of(rows: int) -> float:
    """Passes over a series of so many rows after which a model overfits."""
    return max(LEAST_EPOCHS, SERIES_EPOCHS * min(1.0, LARGEST_BATCH / max(1, rows)))
