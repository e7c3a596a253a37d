"""NARX: past values of the inputs and of the target -> tanh layer -> linear output -> squared error.

In a forecast, the network's own outputs replace the past values of the target.
"""

from charrnn.models.forecaster.config import NarxConfig
from charrnn.models.forecaster.kind import WindowKind


class Narx(WindowKind):
    """The kind ``narx`` of task ``series``: forecasts from past inputs and targets."""

    name = "narx"
    about = "reads its own last outputs, too"
    config = NarxConfig


KIND = Narx()
