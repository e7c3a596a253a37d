"""Divergence: what shows it, and the good state to which a run goes back.

Where it goes back to does not depend on when it was saved: the good state is that of the last evaluation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import TrainingError
from charrnn.training.progress import Progress

Array = npt.NDArray[Any]

LARGEST_PARAMETER = 1e6
"""A parameter that no model has that has not diverged."""

MOST_ROLLBACKS = 5
"""How often a run may diverge between two evaluations."""


class DivergedError(Exception):
    """The model is no longer fit to be trained; the message says what shows it."""


def check(sound: bool, got: str) -> None:
    """Stop what is under way unless ``sound``; comparisons with a NaN are not.

    Raises:
        DivergedError: it is not.
    """
    if not sound:
        raise DivergedError(got)


def check_state(parameters: Array, rest: Iterable[Array]) -> None:
    """See that a model may take the place of a good one.

    Args:
        parameters: all that is learned.
        rest: the optimizer's state and the model's.

    Raises:
        DivergedError: it may not.
    """
    largest = float(np.abs(parameters).max())
    check(largest < LARGEST_PARAMETER, f"parameters up to {largest:.3g}")
    check(all(np.isfinite(array).all() for array in rest), "the optimizer's state or the model's")


@dataclass(frozen=True)
class GoodState:
    """Where a run that diverges goes on: copies of its tensors and of its progress."""

    tensors: dict[str, Array]
    progress: Progress

    @classmethod
    def of(cls, tensors: Mapping[str, Array], progress: Progress) -> "GoodState":
        """The state as it is now."""
        return cls({name: tensor.copy() for name, tensor in tensors.items()}, replace(progress))

    def slowed(self, step: int, why: str) -> Progress:
        """The progress to go on from, at half the rate of before.

        Args:
            step: at which the run has diverged.
            why: what has shown it.

        Raises:
            TrainingError: it has diverged again and again.
        """
        progress = self.progress
        if progress.rollbacks_since == MOST_ROLLBACKS:
            raise TrainingError(
                f"training has diverged at step {step} ({why}), {MOST_ROLLBACKS} times in a row at ever lower rates: "
                "lower --learning-rate or --clip-norm; what was saved before is kept"
            )
        progress.rate_factor /= 2
        progress.rollbacks += 1
        progress.rollbacks_since += 1
        return replace(progress)
