"""The network of finite response: past values of the inputs -> tanh layer -> linear output -> squared error.

What an input was more than ``lags`` rows ago has no effect. A series without inputs is its own input; then the network
is the same as NARX.
"""

from charrnn.models.forecaster.config import FiniteResponseConfig
from charrnn.models.forecaster.kind import WindowKind


class FiniteResponse(WindowKind):
    """See ``charrnn.kinds.kind.Kind``."""

    name = "tdnn"
    config = FiniteResponseConfig


KIND = FiniteResponse()
