"""The optimizer: it clips the gradient and updates all parameters; threads share blocks of fixed size."""

import math
from collections.abc import Mapping

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros
from charrnn.kernels.updates import BLOCK, Clip, block_squares
from charrnn.optimizers.contract import find_optimizer
from charrnn.workers import Workers, share

FEW = 16
"""Fewest blocks for a thread: summing the squares of fewer blocks takes less time than waking a thread."""


class Optimizer:
    """An update rule with its state.

    Args:
        name: name of the rule.
        vector: (N,) all parameters.
        decaying: tensors that weight decay applies to, views of the vector.
        workers: the threads.
        hyperparameters: the rule's hyperparameters; missing ones have their defaults.

    Attributes:
        states: (number of states, N) the rule's state.
        norm: norm of the last gradient, before clipping.
    """

    def __init__(
        self,
        name: str,
        vector: Array,
        decaying: list[Array],
        workers: Workers,
        hyperparameters: Mapping[str, float] | None = None,
    ) -> None:
        self._rule, given = find_optimizer(name), hyperparameters or {}
        self._hyperparameters = tuple(
            float(given.get(name, declared["default"])) for name, declared in self._rule.hyperparameters.items()
        )
        self._vector, self._decaying, self._workers = vector, decaying, workers
        self._sums = np.zeros(-(-vector.size // BLOCK))
        self.states = aligned_zeros((len(self._rule.states), vector.size), vector.dtype)
        self.norm = 0.0

    def clip_and_update(
        self,
        gradient: Array,
        learning_rate: float,
        step: int,
        *,
        clip_norm: float = 0.0,
        clip_value: float = 0.0,
        weight_decay: float = 0.0,
    ) -> bool:
        """Clip the gradient and update the parameters; returns False, and changes nothing, if its norm is not finite.

        Weight decay is decoupled (Loshchilov and Hutter 2019, "Decoupled weight decay regularization"): before the
        update, the decaying tensors are multiplied by ``1 - learning_rate * weight_decay``.

        Args:
            gradient: (N,).
            learning_rate: learning rate of this update.
            step: number of this update, from 1.
            clip_norm: largest norm; the gradient is scaled down to it; 0 for no limit.
            clip_value: largest absolute value of an element, after ``clip_norm``; 0 for no limit.
            weight_decay: coefficient of weight decay.
        """
        self.norm = norm = self._norm_of(gradient)
        if not math.isfinite(norm):
            return False
        scale = min(1.0, clip_norm / norm) if clip_norm and norm else 1.0
        if weight_decay:
            self._decay(max(0.0, 1.0 - learning_rate * weight_decay))
        self._update(gradient, Clip(scale, clip_value or math.inf), learning_rate, step)
        return True

    def _norm_of(self, gradient: Array) -> float:
        """Global norm of the gradient; the order of the sum does not depend on the number of threads."""
        blocks = len(self._sums)
        most = -(-blocks // FEW)
        self._workers.run(lambda part, parts: block_squares(gradient, self._sums, *share(blocks, part, parts)), most)
        return math.sqrt(self._sums.sum())

    def _decay(self, factor: float) -> None:
        kept = self._vector.dtype.type(factor)

        def tensors(part: int, parts: int) -> None:
            for tensor in self._decaying:
                tensor[slice(*share(len(tensor), part, parts))] *= kept

        self._workers.run(tensors)

    def _update(self, gradient: Array, clip: Clip, learning_rate: float, step: int) -> None:
        update, size = self._rule.update, self._vector.size
        arguments = (self._vector, gradient, self.states, self._hyperparameters, learning_rate, step, clip)

        def blocks(part: int, parts: int) -> None:
            first, last = (min(size, block * BLOCK) for block in share(len(self._sums), part, parts))
            update(*arguments, first, last)

        self._workers.run(blocks)

    def to_tensors(self) -> dict[str, Array]:
        """The state vectors, by name."""
        return {f"optimizer.{name}": state for name, state in zip(self._rule.states, self.states, strict=True)}

    def load_tensors(self, tensors: Mapping[str, Array]) -> None:
        """Copy in the state from ``to_tensors``."""
        for name, state in zip(self._rule.states, self.states, strict=True):
            state[:] = tensors[f"optimizer.{name}"]
