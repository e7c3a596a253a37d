"""The network of finite response: past values of the inputs -> tanh layer -> linear output -> squared error.

Values of an input more than ``lags`` rows ago have no effect. A series without inputs is used as its own input; the
network is then the same as NARX.
"""

from charrnn.models.forecaster.config import FiniteResponseConfig
from charrnn.models.forecaster.kind import WindowKind


class FiniteResponse(WindowKind):
    """The kind ``tdnn`` of task ``series``: forecasts from past values of the inputs."""

    name = "tdnn"
    config = FiniteResponseConfig


KIND = FiniteResponse()
