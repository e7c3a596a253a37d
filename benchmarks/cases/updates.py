"""The norm of a gradient and the optimizer's update."""

from collections.abc import Iterator

import numpy as np

from benchmarks.cases.contract import Case, Inputs, worst
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.updates import BLOCK, Clip, block_squares
from charrnn.optimizers.contract import find_optimizer

RATE = 0.01


def update_cases(inputs: Inputs) -> Iterator[Case]:
    """Both over as many parameters as W_hh has."""
    size = inputs.gates * inputs.shape.hidden
    start, gradient = inputs.vector(size), inputs.vector(size)
    true = gradient.astype("float64")
    blocks = -(-size // BLOCK)
    sums = np.zeros(blocks)
    adam = find_optimizer("adam")
    parameters, slots = start.copy(), aligned_zeros((len(adam.slots), size), inputs.dtype)

    def restart() -> None:
        parameters[:] = start
        slots[:] = 0

    yield Case(
        "block_squares",
        f"{size}",
        run=lambda: block_squares(gradient, sums, 0, blocks),
        error=lambda: worst(sums.sum(), np.square(true).sum(), 1e-9 * size),
        bytes=gradient.nbytes,
        count=size,
    )
    # The first step of Adam is the rate in the direction of the gradient, but for the epsilon of its quotient.
    yield Case(
        "adam",
        f"{size}",
        run=lambda: adam.update(parameters, gradient, slots, RATE, 1, Clip(1.0, np.inf), 0, size),
        error=lambda: worst(parameters, start - RATE * true / (np.abs(true) + 1e-8), 16 * inputs.epsilon),
        prepare=restart,
        bytes=(3 + 2 * len(adam.slots)) * gradient.nbytes,
        count=size,
    )
