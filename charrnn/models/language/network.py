"""The recurrent language model on packed weights.

    characters -> input tables -> recurrent stack -> projection -> logits

An input table holds, for each character, the product of its embedding and a layer's input weights. With skip
connections, the input also reaches each upper layer, and each layer's output reaches the projection (Graves 2013).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.kernels.team import Team
from charrnn.kernels.waiting import spins_in
from charrnn.layers.embedding import InputTables
from charrnn.layers.parameters import HEAD_BIAS
from charrnn.layers.products import Bias, Rows
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent import RecurrentStack, StackBuffers
from charrnn.layers.softmax import Softmax
from charrnn.layers.state import State
from charrnn.models.language.config import LanguageConfig
from charrnn.models.language.parameters import LanguageParameters, output_weights
from charrnn.sampling.thread_tuner import TEAM_PATIENCE, ThreadTuner
from charrnn.workers import Workers, share


@dataclass
class LanguageBuffers:
    """The model's arrays, for T steps of B streams.

    Attributes:
        stack: arrays of the recurrent layers.
        softmax: logits and losses.
        others: the same arrays for the other threads of a team, if one has read with these.
    """

    stack: StackBuffers
    softmax: Softmax
    others: list["LanguageBuffers"] = field(default_factory=list, init=False)

    @classmethod
    def allocate(cls, config: LanguageConfig, steps: int, streams: int, *, training: bool = False) -> "LanguageBuffers":
        """Allocate for at most ``steps`` steps of ``streams`` streams."""
        longest = max(config.stack.gate_width, config.vocab_size) if training else config.hidden_size
        rows = Rows.allocate(steps, streams, longest, config.packed_dtype)
        softmax = Softmax.allocate(steps, streams, config.vocab_size, config.dtype)
        return cls(StackBuffers.allocate(config.stack, rows, training=training), softmax)

    @property
    def logits(self) -> Array:
        """The logits (T, B, at least V)."""
        return self.softmax.logits

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """The loss of each prediction (T, B), in nats."""
        return self.softmax.losses

    def shortened(self, steps: int, states: int) -> "LanguageBuffers":
        """The same arrays for ``steps`` steps; ``states`` is the cell's number of states."""
        stack, softmax = self.stack.shortened(steps, states), self.softmax.part(0, steps)
        return LanguageBuffers(stack, softmax)

    def of_member(self, own: "LanguageBuffers", team: int) -> "LanguageBuffers":
        """Arrays for a thread of a team: those of ``own``; ``team`` is the address of its record."""
        stack = replace(own.stack, rows=own.stack.rows._replace(team=team))
        return replace(self, stack=stack, softmax=own.softmax)


class Network:
    """A recurrent language model.

    Args:
        parameters: the tensors; call ``refresh`` after a change.
        workers: the threads that share the work; one thread by default.
        training: whether gradients are needed.

    Attributes:
        config: the model's shape.
        parameters: the tensors.
        workers: the threads.
        inputs: the input tables, see ``charrnn.layers.embedding``.
        stack: the recurrent layers.
        projection: the linear layer from their outputs to the logits.

    Raises:
        ConfigError: this CPU cannot train in the config's precision.
    """

    def __init__(
        self, parameters: LanguageParameters, workers: Workers | None = None, *, training: bool = False
    ) -> None:
        self.config = config = parameters.config
        if training:
            config.require_trainable()
        self.parameters, self.workers = parameters, workers or Workers()
        shape, packed = config.stack, config.packed_dtype
        biases = [f"rnn.bias_l{layer}" for layer in shape.input_layers]
        self.inputs = InputTables(
            parameters,
            shape.input_weights,
            biases,
            config.vocab_size,
            packed,
            training=training,
            tied=config.tie_embedding,
        )
        self.stack = RecurrentStack(shape, parameters, training=training)
        self.projection = Projection(parameters, output_weights(config), HEAD_BIAS, packed, training=training)
        self._tuners: dict[int, ThreadTuner] = {}
        self.refresh()

    def refresh(self) -> None:
        """Pack the weights and compute the tables after a change of the parameters."""
        self.workers.run(self._pack)
        if self.config.embedding_size:
            self.workers.run(self.inputs.make)

    def _pack(self, part: int, parts: int) -> None:
        for layer in (self.inputs, self.stack, self.projection):
            layer.pack(part, parts)

    def forward(
        self,
        x: Array,
        buffers: LanguageBuffers,
        first: int,
        last: int,
        *,
        burn_in: int = 0,
        dropout_seed: int | None = None,
    ) -> None:
        """Compute the logits of the streams ``first`` to ``last``, from the state in the buffers.

        Args:
            x: (T, B) int32 ids, contiguous.
            buffers: arrays for T steps.
            first: the first stream.
            last: one beyond the last stream.
            burn_in: number of steps at the start that need no logits.
            dropout_seed: selects the dropout masks; None switches dropout off.
        """
        starts = self.starts(x, buffers, first, last)
        self.stack.forward(starts, x, buffers.stack, first, last, dropout_seed=dropout_seed)
        logits, rows = buffers.logits[burn_in:], self.rows_of_logits(buffers, burn_in)
        self.projection.forward(self.outputs(buffers, burn_in), logits, rows, first, last)

    def starts(self, x: Array, buffers: LanguageBuffers, first: int, last: int) -> list[Bias]:
        """The contribution of the input to the gates, for each layer that the input reaches."""
        return self.inputs.forward(x)

    def outputs(self, buffers: LanguageBuffers, burn_in: int = 0) -> Sequence[Array]:
        """The outputs (T, B, H) of the layers that feed the projection, without the first ``burn_in`` steps."""
        return [buffers.stack.outputs[layer][burn_in:] for layer in self.stack.shape.output_layers]

    def rows_of_logits(self, buffers: LanguageBuffers, burn_in: int) -> Rows:
        """Row indices and buffers for the projection's products."""
        return buffers.stack.rows.shortened(len(buffers.logits) - burn_in)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the cell's states."""
        return self.stack.shape.cell.state

    def check_state(self, state: State) -> None:
        """Accept any state, as all its numbers are valid; see ``LanguageModel``."""

    def buffers(self, steps: int, streams: int, *, training: bool = False) -> LanguageBuffers:
        """Allocate buffers; see ``LanguageModel``."""
        return LanguageBuffers.allocate(self.config, steps, streams, training=training)

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names."""
        return self.parameters.to_tensors()

    def run(self, x: Array, state: State, buffers: LanguageBuffers) -> LanguageBuffers:
        """Read ids (T, B) without dropout; see ``LanguageModel``.

        Either each thread reads some of the streams, or the threads work as a team on all of them.
        """
        steps, streams = x.shape
        threads = self.workers.threads
        tuner = self._tuners.setdefault(streams, ThreadTuner(threads if streams < threads else 1))
        members = tuner.threads(steps)
        whole, states = buffers, len(self.state_names)
        while len(whole.others) < members - 1:
            whole.others.append(LanguageBuffers.allocate(self.config, len(whole.logits), streams))
        if steps < len(whole.logits):
            buffers = whole.shortened(steps, states)
        x = np.ascontiguousarray(x)
        began = time.perf_counter()
        buffers.stack.enter(state)
        if members > 1:
            others = [other.shortened(steps, states) for other in whole.others[: members - 1]]
            self._read_together(x, state, buffers, others)
        else:
            self.workers.run(lambda part, parts: self.forward(x, buffers, *share(streams, part, parts)), most=streams)
        buffers.stack.leave(state)
        tuner.took(members, time.perf_counter() - began, steps)
        return buffers

    def _read_together(self, x: Array, state: State, buffers: LanguageBuffers, others: list[LanguageBuffers]) -> None:
        """Let a team read all streams, each member in arrays of its own; ``buffers`` are those of the first one."""
        (steps, streams), config = x.shape, self.config
        widest = max(config.stack.gate_width, config.vocab_size)
        team = Team(1 + len(others), steps * streams, widest, config.dtype, spins_in(TEAM_PATIENCE))
        for other in others:
            other.stack.enter(state)
        own = [buffers.of_member(each, team.member(number)) for number, each in enumerate((buffers, *others))]
        self.workers.run_team(team, lambda member: self.forward(x, own[member], 0, streams))

    def initial_state(self, streams: int) -> State:
        """The state of ``streams`` streams before the first character."""
        return self.stack.initial_state(streams)

    def reset(self, state: State, streams: Array | slice) -> None:
        """Set the state of the streams that ``streams`` indexes to the initial state."""
        self.stack.reset(state, streams)
