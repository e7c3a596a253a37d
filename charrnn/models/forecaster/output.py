"""Base classes of networks that forecast, with their output layer, and the learner.

    y[t] = C h[t] + D x[t] + c          x: numbers read; h: hidden units; the loss is the squared error

D connects the input directly to the output, as in a linear state-space model. So the hidden units only learn what a
linear model misses. Without hidden units, the network would be a linear autoregression.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.input_columns import InputColumns, columns_in
from charrnn.layers.parameters import HEAD, HEAD_BIAS, Parameters
from charrnn.layers.products import Rows, Summation, WeightSum
from charrnn.layers.projection import Projection
from charrnn.layers.spare import of_steps
from charrnn.layers.squared_error import SquaredError
from charrnn.layers.state import State
from charrnn.models.forecaster.config import SeriesConfig
from charrnn.models.stateless import StatelessNetwork
from charrnn.text.batches import Batch
from charrnn.workers import Workers, share

DIRECT = "direct.weight"

ROWS_AT_ONCE = 1024
"""Rows that ``follow`` computes at a time in a network without state."""


class ForecasterParameters(Parameters):
    """The tensors: those of the hidden layers, head.weight (1, H), head.bias (1,) and direct.weight (1, K)."""

    config: Any

    def __init__(self, config: SeriesConfig, hidden: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(config, with_output(config, hidden))

    @property
    def decaying(self) -> list[Array]:
        """The matrices with weight decay: all but D, as a linear model needs no smoothing; see ``Parameters``."""
        return [tensor for name, tensor in self.tensors.items() if tensor.ndim > 1 and name != DIRECT]

    def initialise(self, rng_seed: int) -> "ForecasterParameters":
        """Fill with initial values: C, D and c are zero, to learn a linear model first. See ``Parameters``."""
        self.initialise_hidden(np.random.default_rng(rng_seed))
        return self

    def initialise_hidden(self, random: np.random.Generator) -> None:
        """Fill the hidden layers' tensors with initial values."""
        raise NotImplementedError


def with_output(config: SeriesConfig, hidden: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Add the shapes of the output layer's tensors to those of the hidden layers."""
    return {**hidden, HEAD: (1, config.hidden_size), HEAD_BIAS: (1,), DIRECT: (1, config.width)}


class ForecasterBuffers(ABC):
    """The arrays of a network that forecasts, for T steps of B rows.

    Attributes:
        rows: row indices and buffers of the matrix products.
        error: outputs and squared errors.
    """

    def __init__(self, config: SeriesConfig, steps: int, rows: int, widest: int) -> None:
        longest = max(config.width, config.hidden_size, widest)
        self.rows = Rows.allocate(steps, rows, longest, config.packed_dtype)
        self.error = SquaredError.allocate(steps, rows, config.dtype)

    @abstractmethod
    def outputs(self) -> Array:
        """The hidden units (T, B, at least H)."""

    @abstractmethod
    def d_outputs(self) -> Array:
        """The gradient of the hidden units (T, B, at least H), which the output layer writes."""

    @abstractmethod
    def shortened(self, steps: int) -> Any:
        """The same arrays for fewer steps."""


class Forecaster(StatelessNetwork, ABC):
    """A network that forecasts; see ``StatelessNetwork``."""

    def __init__(self, parameters: Any, workers: Workers | None = None, *, training: bool = False) -> None:
        super().__init__(parameters, workers, training=training)
        packed = self.config.packed_dtype
        self.direct = InputColumns(parameters, DIRECT, packed)
        self.head = Projection(parameters, [HEAD], HEAD_BIAS, packed, training=training)

    def packed(self) -> list[Any]:
        """The layers whose weights are packed; see ``StatelessNetwork``."""
        return [self.direct, self.head]

    @abstractmethod
    def buffers(self, steps: int, rows: int, *, training: bool = False) -> Any:
        """Allocate ``ForecasterBuffers`` for T steps of B rows."""

    @abstractmethod
    def forward_hidden(self, x: Array, buffers: Any, first: int, last: int, dropout_seed: int | None) -> None:
        """Compute the hidden units of the rows ``first`` to ``last``, from numbers (T, B, at least K)."""

    @abstractmethod
    def backward_hidden(self, buffers: Any, first: int, last: int, dropout_seed: int | None) -> None:
        """Backpropagate from ``d_outputs`` through the hidden layers; ``hidden_sums`` then uses the result."""

    @abstractmethod
    def hidden_sums(self, gradient: Parameters, x: Array, buffers: Any) -> Iterator[WeightSum]:
        """The sums that give the gradients of the hidden layers' weights."""

    def sum_over_rows(self, gradient: Parameters, buffers: Any) -> None:
        """Sum the gradients that a network keeps apart for each row; by default there are none."""

    def forward(self, x: Array, buffers: Any, first: int, last: int, *, dropout_seed: int | None = None) -> None:
        """Compute the outputs of the rows ``first`` to ``last``."""
        y, rows = buffers.error.outputs, buffers.rows
        self.forward_hidden(x, buffers, first, last, dropout_seed)
        self.head.forward([buffers.outputs()], y, rows, first, last)
        self.direct.forward(x, rows.adding_to(y), y, rows, first, last)

    def run(self, x: Array, buffers: Any) -> Array:
        """Compute the outputs (T, B) for numbers (T, B, K); the buffers must have this size."""
        numbers = columns_in(x, self.config.dtype)

        def rows(part: int, parts: int) -> None:
            self.forward(numbers, buffers, *share(x.shape[1], part, parts))

        self.workers.run(rows, most=x.shape[1])
        outputs: Array = buffers.error.outputs[:, :, 0].astype(np.float64)
        return outputs

    @abstractmethod
    def follow(self, x: Array) -> tuple[Array, State]:
        """Read one series of numbers (N, K); returns the outputs (N,) and the state (N, H) after each step."""

    @abstractmethod
    def step(self, x: Array, state: State) -> Array:
        """Read one step (B, K) of B rows and advance their state; returns the outputs (B,)."""


class ForecasterLearner:
    """Computes loss and gradient of batches of at most T steps of B rows; a ``charrnn.kinds.contract.Learner``.

    It has the first two phases of ``charrnn.models.language.learner``: rows, weights.

    Args:
        network: a network made with ``training=True``.
        gradient: parameters that receive the gradient.
        steps: T.
        rows: B.
    """

    def __init__(self, network: Any, gradient: Any, steps: int, rows: int) -> None:
        self.network, self.gradient, config = network, gradient, network.config
        self._buffers_of = of_steps(network.buffers(steps, rows, training=True).shortened)
        widest = max(2 * config.hidden_size, config.hidden_size + config.width)
        self._summation = Summation(widest, config.dtype, config.packed_dtype, network.workers.threads)

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Compute the mean squared error and its gradient; inputs are (T, B, K), targets (T, B). See ``Learner``."""
        network, dtype = self.network, self.network.config.dtype
        buffers = self._buffers_of(len(batch.inputs))
        x, targets = columns_in(batch.inputs, dtype), np.ascontiguousarray(batch.targets, dtype)
        error, rows = buffers.error, buffers.rows
        error.weigh(batch.weights, targets)

        def rows_of(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            network.forward(x, buffers, first, last, dropout_seed=dropout_seed)
            error.backward(targets, first, last)
            network.head.backward(error.outputs, [buffers.d_outputs()], rows, first, last)
            network.backward_hidden(buffers, first, last, dropout_seed)

        sums = [
            *network.hidden_sums(self.gradient, x, buffers),
            *network.head.weight_sums(self.gradient, [buffers.outputs()], error.outputs, rows),
            network.direct.weight_sum(self.gradient, x, error.outputs, rows, None),
        ]
        network.workers.run(rows_of, most=x.shape[1])
        network.workers.run(partial(self._summation.make, sums))
        network.sum_over_rows(self.gradient, buffers)
        return float(error.mean_loss(batch.weights))
