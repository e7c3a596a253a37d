"""Detect divergence, and keep the good state to which a run then returns.

The good state is that of the last evaluation, so it does not depend on when the run was saved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from charrnn.errors import TrainingError
from charrnn.kernels.arrays import Array
from charrnn.training.progress import Progress

LARGEST_PARAMETER = 1e6
"""Absolute value of a parameter above which training counts as diverged."""

MOST_ROLLBACKS = 5
"""Most rollbacks between two evaluations."""


class DivergedError(Exception):
    """Training has diverged; the message gives the evidence."""


def check(sound: bool, got: str) -> None:
    """Raise unless ``sound``; a comparison with NaN is false and thus raises, too.

    Raises:
        DivergedError: ``sound`` is false; the message is ``got``.
    """
    if not sound:
        raise DivergedError(got)


def check_state(parameters: Array, rest: Iterable[Array]) -> None:
    """Check a state before it is saved or becomes the good state.

    Args:
        parameters: all parameters.
        rest: the state of the optimizer and of the model.

    Raises:
        DivergedError: a parameter is too large, or a number is not finite.
    """
    largest = float(np.abs(parameters).max())
    check(largest < LARGEST_PARAMETER, f"parameters up to {largest:.3g}")
    check(all(np.isfinite(array).all() for array in rest), "the optimizer's state or the model's")


@dataclass(frozen=True)
class GoodState:
    """Copies of a run's tensors and progress, from which it continues after divergence."""

    tensors: dict[str, Array]
    progress: Progress

    @classmethod
    def of(cls, tensors: Mapping[str, Array], progress: Progress) -> "GoodState":
        """Copy the current state."""
        return cls({name: tensor.copy() for name, tensor in tensors.items()}, replace(progress))

    def slowed(self, step: int, why: str) -> Progress:
        """The progress from which to continue, with half the learning rate.

        Args:
            step: the step at which the run diverged.
            why: evidence of the divergence, for the error.

        Raises:
            TrainingError: the run has diverged MOST_ROLLBACKS times in a row.
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
