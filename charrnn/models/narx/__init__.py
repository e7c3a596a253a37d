"""NARX: past values of the inputs and of the target -> tanh layer -> linear output -> squared error.

In forecasting, its own outputs take the place of past values of the target.
"""

from charrnn.models.forecaster.config import NarxConfig
from charrnn.models.forecaster.kind import WindowKind


class Narx(WindowKind):
    """See ``charrnn.kinds.kind.Kind``."""

    name = "narx"
    about = "reads its own last outputs, too"
    config = NarxConfig


KIND = Narx()
