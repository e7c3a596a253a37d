"""A network that forecasts from a window of past values: numbers -> tanh layer -> linear output.

    h[t] = tanh(W x[t] + b)      y[t] = C h[t] + D x[t] + c

If x contains past values of the target, this is NARX, a nonlinear autoregression with exogenous inputs (Narendra and
Parthasarathy 1990; Lin, Horne, Tino and Giles 1996). If x contains only values of the inputs, it is a network of finite
response (Waibel et al. 1989).
"""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.hidden import Hidden
from charrnn.layers.input_columns import InputColumns
from charrnn.layers.parameters import Parameters, check_shapes
from charrnn.layers.products import WeightSum
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.layers.state import State
from charrnn.models.forecaster.config import SeriesConfig
from charrnn.models.forecaster.output import (
    ROWS_AT_ONCE,
    Forecaster,
    ForecasterBuffers,
    ForecasterParameters,
    with_output,
)
from charrnn.workers import Workers

WINDOW_WEIGHT, WINDOW_BIAS = "hidden.weight", "hidden.bias"


def window_shapes(config: SeriesConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    return with_output(config, {WINDOW_WEIGHT: (config.hidden_size, config.width), WINDOW_BIAS: (config.hidden_size,)})


class WindowParameters(ForecasterParameters):
    """The tensors: hidden.weight (H, K), hidden.bias (H,), and those of the linear output."""

    config: SeriesConfig

    def __init__(self, config: SeriesConfig) -> None:
        super().__init__(config, window_shapes(config))

    def initialise_hidden(self, random: np.random.Generator) -> None:
        """Fill the hidden layers' tensors with initial values; see ``ForecasterParameters``."""
        self[WINDOW_WEIGHT][:] = uniform_weights(random, self[WINDOW_WEIGHT].shape, max(1, self.config.width))

    def to_tensors(self) -> dict[str, Array]:
        """The tensors as a checkpoint has them; see ``Parameters``."""
        return dict(self.tensors)

    def load_tensors(self, tensors: Mapping[str, Array]) -> "WindowParameters":
        """Copy in tensors of a checkpoint; returns self. See ``Parameters``."""
        shapes = window_shapes(self.config)
        check_shapes(shapes, tensors)
        self.fill(self.copies_of(tensors, shapes))
        return self


class WindowBuffers(ForecasterBuffers):
    """The arrays of a network that reads windows; ``hidden`` holds those of its tanh layer."""

    def __init__(self, config: SeriesConfig, steps: int, rows: int, *, training: bool = False) -> None:
        super().__init__(config, steps, rows, 0)
        rate = config.dropout if training else 0.0
        self.hidden = Hidden.allocate(steps, rows, config.hidden_size, rate, config.dtype)

    def outputs(self) -> Array:
        """The hidden units (T, B, at least H) of the last layer; see ``ForecasterBuffers``."""
        return self.hidden.outputs

    def d_outputs(self) -> Array:
        """The gradient of the hidden units; see ``ForecasterBuffers``."""
        return self.hidden.d_outputs

    def shortened(self, steps: int) -> "WindowBuffers":
        """The same arrays for fewer steps; see ``ForecasterBuffers``."""
        fewer = copy(self)
        fewer.rows, fewer.error = self.rows.shortened(steps), self.error.shortened(steps)
        fewer.hidden = self.hidden.shortened(steps)
        return fewer


class WindowForecaster(Forecaster):
    """A network that reads windows of past values, on packed weights."""

    config: SeriesConfig

    def __init__(self, parameters: WindowParameters, workers: Workers | None = None, *, training: bool = False) -> None:
        super().__init__(parameters, workers, training=training)
        self.inputs = InputColumns(parameters, WINDOW_WEIGHT, self.config.packed_dtype)
        self.refresh()

    def packed(self) -> list[Any]:
        """The layers whose weights are packed; see ``StatelessNetwork``."""
        return [*super().packed(), self.inputs]

    def buffers(self, steps: int, rows: int, *, training: bool = False) -> WindowBuffers:
        """Allocate arrays for T steps of B rows; see ``Forecaster``."""
        return WindowBuffers(self.config, steps, rows, training=training)

    def forward_hidden(self, x: Array, buffers: WindowBuffers, first: int, last: int, dropout_seed: int | None) -> None:
        """Compute the tanh layer from the numbers; see ``Forecaster``."""
        bias = buffers.rows.same(self.parameters.row(WINDOW_BIAS))
        self.inputs.forward(x, bias, buffers.hidden.h, buffers.rows, first, last)
        buffers.hidden.forward(first, last, dropout_seed)

    def backward_hidden(self, buffers: WindowBuffers, first: int, last: int, dropout_seed: int | None) -> None:
        """Backpropagate through the hidden layers; see ``Forecaster``."""
        buffers.hidden.backward(first, last, dropout_seed)

    def hidden_sums(self, gradient: Parameters, x: Array, buffers: WindowBuffers) -> Iterator[WeightSum]:
        """The sums for the gradients of the hidden layers' weights; see ``Forecaster``."""
        yield self.inputs.weight_sum(gradient, x, buffers.hidden.d_outputs, buffers.rows, WINDOW_BIAS)

    def follow(self, x: Array) -> tuple[Array, State]:
        """Compute the outputs of all windows; there is no state. See ``Forecaster``."""
        parts = [self.step(x[start : start + ROWS_AT_ONCE], []) for start in range(0, len(x), ROWS_AT_ONCE)]
        return np.concatenate([*parts, np.empty(0)]), []

    def step(self, x: Array, state: State) -> Array:
        """Compute the outputs of B windows; there is no state. See ``Forecaster``."""
        outputs: Array = self.run(x[np.newaxis], self.buffers(1, len(x)))[0]
        return outputs
