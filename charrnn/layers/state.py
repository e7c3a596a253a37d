"""The state that a model carries from one batch to the next."""

from typing import Any

import numpy.typing as npt

State = list[tuple[npt.NDArray[Any], ...]]
"""For each layer, one array (B, ...) for each of its states."""


def copy_state(state: State) -> State:
    """Copy a state, with its arrays."""
    return [tuple(array.copy() for array in layer) for layer in state]
