"""What the kernels of models that see the last C characters work in."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class ContextSpace(NamedTuple):
    """The arrays for windows of T steps and B streams, of a model that sees C characters."""

    history: npt.NDArray[np.int32]
    """(T + C - 1, B): the state, then the window."""
    work: Array
    """(T, B, ...): what the model works in."""
    logits: Array
    """(T, B, at least V), then their gradient."""
    losses: npt.NDArray[np.float64]
    """(T, B) nats."""
    no_ids: npt.NDArray[np.int32]
    """(T, B) zeros."""
