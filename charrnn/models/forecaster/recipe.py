"""Choose the network and its regularisation for a series.

A series of some hundred rows is very little data. It needs few hidden units, strong weight decay, updates on all rows
at once, and the best of 30 evaluations. The constants are measured on yearly sunspots, see docs/series.md. For longer
series, the number of units grows with the rows, and weight decay falls.
"""

from typing import Any

from charrnn.hyperparameters import defaults_of, options_in
from charrnn.models.forecaster.rivals import best_order
from charrnn.training.plan import Draft, Speed
from charrnn.training.settings import TrainingSettings

MOST_IN_BATCH = 512
"""Most windows in a batch."""

TINY = 250
"""Rows of the series on which the constants were measured."""

TINY_DECAY, TINY_RATE = 1.0, 0.01
"""Weight decay and learning rate for a series of TINY rows."""

TINY_UNITS, MOST_UNITS = 4, 64
"""Hidden units for a series of TINY rows, and most hidden units for longer ones."""

UNROLLED_ROWS = 1024
"""Most rows of a series that a recurrent network reads as one sequence."""

SEGMENT_ROWS, SEGMENTS = 256, 16
"""For longer series: rows of a segment, and segments of a batch."""

SERIES_CELL = "rnn"
"""The recurrent cell with the lowest error."""

SERIES_EPOCHS, LEAST_EPOCHS = 1500, 30
"""Most useful passes over a series of at most MOST_IN_BATCH rows, and the least such number for long series."""


def choose_forecaster(draft: Draft, speed: Speed, *, windows: bool) -> float:
    """Choose the options that the user left open; returns the training speed in rows per second.

    Windows of the target have as many lags as the autoregression that ``eval`` compares with. A recurrent network has
    its state instead. A network of finite response knows only its lags and keeps the default number.
    """
    part: Any = draft.train
    growth = max(1.0, len(part) / TINY)
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(weight_decay=round(TINY_DECAY / growth, 4), learning_rate=TINY_RATE)
    draft.choose(hidden_size=min(MOST_UNITS, int(TINY_UNITS * growth)))
    if windows:
        draft.choose(batch_size=min(MOST_IN_BATCH, len(part)))
        if draft.config.reads_target:
            draft.choose(lags=best_order(part.whole.target))
        return speed(draft.config, draft.settings)
    others = options_in("cells", "Model").keys() - defaults_of("cells", SERIES_CELL).keys()
    if all(map(draft.is_default, others)):
        draft.choose(cell=SERIES_CELL)
    if len(part) <= UNROLLED_ROWS:
        draft.choose(seq_length=0, batch_size=1)
    else:
        draft.choose(seq_length=SEGMENT_ROWS, batch_size=SEGMENTS)
    return speed(draft.config, draft.settings)


def most_epochs_of(rows: int) -> float:
    """Passes over a series of ``rows`` rows after which a model overfits."""
    return max(LEAST_EPOCHS, SERIES_EPOCHS * min(1.0, MOST_IN_BATCH / max(1, rows)))
