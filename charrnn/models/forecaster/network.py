"""A state-space network that forecasts: numbers -> recurrent layers -> linear output.

h[t] = cell(W x[t] + b, h[t-1])      y[t] = C h[t] + D x[t] + c
"""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.input_columns import InputColumns
from charrnn.layers.parameters import Parameters, check_shapes
from charrnn.layers.products import WeightSum
from charrnn.layers.recurrent import RecurrentStack, StackBuffers, zero_state
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.layers.state import State
from charrnn.models.forecaster.config import StateSpaceConfig
from charrnn.models.forecaster.output import Forecaster, ForecasterBuffers, ForecasterParameters, with_output
from charrnn.workers import Workers

STEPS_AT_ONCE = 4096
"""Steps of a series that ``follow`` computes at a time."""


def input_weight(config: StateSpaceConfig) -> str:
    """Name of the matrix W that multiplies the numbers read."""
    return config.stack.named("weight_ih", 0)


def state_space_shapes(config: StateSpaceConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    stack = config.stack
    return {input_weight(config): (stack.gate_width, config.width), **stack.shapes()}


def checkpoint_shapes_of(config: StateSpaceConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor under PyTorch's names."""
    stack = config.stack
    hidden = {input_weight(config): (stack.gate_width, config.width), **stack.torch_shapes()}
    return with_output(config, hidden)


class StateSpaceParameters(ForecasterParameters):
    """The tensors: rnn.weight_ih_l0 (G, K), those of ``StackShape``, and those of the linear output."""

    config: StateSpaceConfig

    def __init__(self, config: StateSpaceConfig) -> None:
        super().__init__(config, state_space_shapes(config))

    def initialise_hidden(self, random: np.random.Generator) -> None:
        """Fill the hidden layers' tensors with initial values; see ``ForecasterParameters``."""
        config, weight = self.config, self[input_weight(self.config)]
        weight[:] = uniform_weights(random, weight.shape, config.hidden_size)
        config.stack.initialise(self, random, orthogonal=config.recurrent_init == "orthogonal")

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names; see ``Parameters``."""
        tensors = dict(self.tensors)
        self.config.stack.to_torch(tensors)
        return tensors

    def load_tensors(self, tensors: Mapping[str, Array]) -> "StateSpaceParameters":
        """Copy in tensors of a checkpoint; returns self. See ``Parameters``."""
        shapes = checkpoint_shapes_of(self.config)
        check_shapes(shapes, tensors)
        copies = self.copies_of(tensors, shapes)
        self.config.stack.from_torch(copies, self)
        self.fill(copies)
        return self


class StateSpaceBuffers(ForecasterBuffers):
    """The arrays of a state-space network; ``stack`` holds those of its recurrent layers."""

    def __init__(self, config: StateSpaceConfig, steps: int, rows: int, *, training: bool = False) -> None:
        super().__init__(config, steps, rows, config.stack.gate_width)
        self.states = len(config.stack.cell.state)
        self.stack = StackBuffers.allocate(config.stack, self.rows, training=training)

    def outputs(self) -> Array:
        """The hidden units (T, B, at least H) of the last layer; see ``ForecasterBuffers``."""
        return self.stack.outputs[-1]

    def d_outputs(self) -> Array:
        """The gradient of the hidden units; see ``ForecasterBuffers``."""
        return self.stack.d_h[-1][1:]

    def shortened(self, steps: int) -> "StateSpaceBuffers":
        """The same arrays for fewer steps; see ``ForecasterBuffers``."""
        fewer = copy(self)
        fewer.rows, fewer.error = self.rows.shortened(steps), self.error.shortened(steps)
        fewer.stack = self.stack.shortened(steps, self.states)
        return fewer


class StateSpaceForecaster(Forecaster):
    """A state-space network on packed weights; each row of a batch starts from the zero state."""

    config: StateSpaceConfig

    def __init__(
        self, parameters: StateSpaceParameters, workers: Workers | None = None, *, training: bool = False
    ) -> None:
        super().__init__(parameters, workers, training=training)
        self.inputs = InputColumns(parameters, input_weight(self.config), self.config.packed_dtype)
        self.stack = RecurrentStack(self.config.stack, parameters, training=training)
        self._one_step: dict[int, StateSpaceBuffers] = {}
        self.refresh()

    def packed(self) -> list[Any]:
        """The layers whose weights are packed; see ``StatelessNetwork``."""
        return [*super().packed(), self.inputs, self.stack]

    def buffers(self, steps: int, rows: int, *, training: bool = False) -> StateSpaceBuffers:
        """Allocate arrays for T steps of B rows; see ``Forecaster``."""
        return StateSpaceBuffers(self.config, steps, rows, training=training)

    def forward_hidden(
        self, x: Array, buffers: StateSpaceBuffers, first: int, last: int, dropout_seed: int | None
    ) -> None:
        """Run the recurrent layers over the numbers; see ``Forecaster``."""
        rows, gates = buffers.rows, buffers.stack.activations[0].gates
        bias = rows.same(self.parameters.row(self.config.stack.named("bias", 0)))
        self.inputs.forward(x, bias, gates, rows, first, last)
        start = rows.adding_to(gates)
        self.stack.forward([start], rows.zeros, buffers.stack, first, last, dropout_seed=dropout_seed)

    def backward_hidden(self, buffers: StateSpaceBuffers, first: int, last: int, dropout_seed: int | None) -> None:
        """Backpropagate through the hidden layers; see ``Forecaster``."""
        self.stack.backward(buffers.rows.zeros, buffers.stack, first, last, dropout_seed=dropout_seed)

    def hidden_sums(self, gradient: Parameters, x: Array, buffers: StateSpaceBuffers) -> Iterator[WeightSum]:
        """The sums for the gradients of the hidden layers' weights; see ``Forecaster``."""
        yield self.inputs.weight_sum(gradient, x, buffers.stack.activations[0].gates, buffers.rows, None)
        yield from self.stack.weight_sums(gradient, buffers.stack, [])

    def sum_over_rows(self, gradient: Parameters, buffers: StateSpaceBuffers) -> None:
        """Sum the gradients that the layers keep apart for each row; see ``Forecaster``."""
        self.stack.sum_over_streams(gradient, buffers.stack, None, None)

    def follow(self, x: Array) -> tuple[Array, State]:
        """Read a series from the zero state, some thousand steps at a time; see ``Forecaster``."""
        shape, N = self.config.stack, len(x)
        state, outputs = zero_state(shape, 1), np.empty(N)
        after = [tuple(np.zeros((N, shape.units), shape.dtype) for _ in shape.cell.state) for _ in range(shape.layers)]
        for start in range(0, N, STEPS_AT_ONCE):
            some = x[start : start + STEPS_AT_ONCE, np.newaxis]
            buffers, steps = self.buffers(len(some), 1), slice(start, start + len(some))
            buffers.stack.enter(state)
            outputs[steps] = self.run(some, buffers)[:, 0]
            buffers.stack.leave(state)
            for activations, arrays in zip(buffers.stack.activations, after, strict=True):
                for values, array in zip(activations[1:], arrays, strict=False):
                    array[steps] = values[1:, 0, : shape.units]
        return outputs, after

    def step(self, x: Array, state: State) -> Array:
        """Read one step of several series and advance their states; see ``Forecaster``."""
        if len(x) not in self._one_step:
            self._one_step[len(x)] = self.buffers(1, len(x))
        buffers = self._one_step[len(x)]
        buffers.stack.enter(state)
        outputs: Array = self.run(x[np.newaxis], buffers)[0]
        buffers.stack.leave(state)
        return outputs
