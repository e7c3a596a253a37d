"""One clipped update of all parameters, shared among threads in fixed blocks."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.updates import BLOCK, Clip, block_squares
from charrnn.model.tensors import EMBEDDING, Tensors
from charrnn.model.workers import Workers, share
from charrnn.optimizers.contract import find_optimizer

FEW = 16
"""Blocks whose squares one thread sums before another one could begin."""

Array = npt.NDArray[Any]


def decays(name: str, tensor: Array) -> bool:
    """Whether weight decay is for this tensor: for matrices, but not for the embedding, which learns more without."""
    return tensor.ndim > 1 and name != EMBEDDING


class Optimizer:
    """An optimizer with its state.

    Attributes:
        slots: (number of slots, N) what the optimizer keeps for each parameter.
    """

    def __init__(self, name: str, parameters: Tensors, workers: Workers) -> None:
        self._optimizer = find_optimizer(name)
        self._vector = parameters.vector
        self._decaying = [tensor for name, tensor in parameters.tensors.items() if decays(name, tensor)]
        self._workers = workers
        self._sums = np.zeros(-(-self._vector.size // BLOCK))
        self.slots = aligned_zeros((len(self._optimizer.slots), self._vector.size), self._vector.dtype)

    def norm(self, gradient: Array) -> float:
        """Global norm of the gradient (N,); the sum runs in the same order for any number of threads."""
        blocks = len(self._sums)
        most = -(-blocks // FEW)
        self._workers.run(lambda part, parts: block_squares(gradient, self._sums, *share(blocks, part, parts)), most)
        return math.sqrt(self._sums.sum())

    def update(self, gradient: Array, clip: Clip, rate: float, step: int, weight_decay: float = 0.0) -> None:
        """Update the parameters: ``step`` counts updates from 1.

        Weight decay is apart from the gradient (Loshchilov and Hutter 2019, "Decoupled weight decay regularization"):
        the tensors that decay first lose ``rate * weight_decay`` of themselves.
        """
        kept = self._vector.dtype.type(max(0.0, 1.0 - rate * weight_decay))

        def decay(part: int, parts: int) -> None:
            for tensor in self._decaying:
                tensor[slice(*share(len(tensor), part, parts))] *= kept

        def blocks(part: int, parts: int) -> None:
            first, last = (min(self._vector.size, block * BLOCK) for block in share(len(self._sums), part, parts))
            self._optimizer.update(self._vector, gradient, self.slots, rate, step, clip, first, last)

        if weight_decay:
            self._workers.run(decay)
        self._workers.run(blocks)

    def to_tensors(self) -> dict[str, Array]:
        """The state under names of its own."""
        return {f"optimizer.{name}": slot for name, slot in zip(self._optimizer.slots, self.slots, strict=True)}

    def load_tensors(self, tensors: Mapping[str, Array]) -> None:
        """Take the state that ``to_tensors`` gave."""
        for name, slot in zip(self._optimizer.slots, self.slots, strict=True):
            slot[:] = tensors[f"optimizer.{name}"]
