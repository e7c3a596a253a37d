"""The arrays that a window's forward and backward pass work in, allocated once."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import Weights, find_cell
from charrnn.kernels.arrays import aligned_zeros, padded, row_stride
from charrnn.kernels.packing import Packed, room_to_round
from charrnn.kernels.segments import trace_steps
from charrnn.model.config import ModelConfig

Array = npt.NDArray[Any]
State = list[tuple[Array, ...]]
"""For each layer, one array (B, H) for each of the cell's states."""


def zero_state(config: ModelConfig, streams: int) -> State:
    """The state before the first character of B ``streams``."""
    count = len(find_cell(config.cell).state)
    shape = (streams, config.hidden_size)
    return [tuple(aligned_zeros(shape, config.dtype) for _ in range(count)) for _ in range(config.num_layers)]


def copy_state(state: State) -> State:
    """A state of its own with the same values."""
    return [tuple(array.copy() for array in layer) for layer in state]


@dataclass
class Workspace:
    """Arrays for windows of T steps and B streams; rows are padded so that each starts aligned.

    Attributes:
        traces: for each layer, the cell's trace.
        outputs: for each layer, what the next one reads (T, B, H): h, or h after dropout; arrays of their own there,
            and where a state begins anew in the place that an output was in.
        logits: (T, B, V), then their gradient.
        losses: (T, B) float64, nats.
        dropped: whether dropout writes the outputs.
        row_ids: (T, B) int32, the number t B + b of each row.
        no_ids: (T, B) int32 zeros: every row starts from the same one.
        rounded: for bf16, (T', B, steps of K): where products round their left operands, for the longest K; else empty.
        before_end: for each layer, one array (T, B, H) for each state: what it was before it began anew at an end
            symbol; absent where there are none.
        d_h: (T+1, B, H) gradient of a layer's output, after one row for the h handed in; absent for inference.
        d_state: for each state but h, (1, B, H); absent for inference.
        d_vectors: for each layer, (B, P, H): each stream's gradient of the cell's P vectors; absent for inference.
    """

    traces: list[Any]
    outputs: list[Array]
    logits: Array
    losses: Array
    row_ids: Array
    no_ids: Array
    rounded: Array
    dropped: bool = False
    before_end: tuple[tuple[Array, ...], ...] = ()
    d_h: Array | None = None
    d_state: tuple[Array, ...] = ()
    d_vectors: Array | None = None

    @classmethod
    def allocate(cls, config: ModelConfig, steps: int, streams: int, *, training: bool = False) -> "Workspace":
        """Room for windows of at most ``steps`` steps of ``streams`` streams."""
        cell = find_cell(config.cell)

        def rows(length: int, columns: int) -> Array:
            return aligned_zeros((length, streams, row_stride(columns, config.dtype.itemsize)), config.dtype)

        H = config.hidden_size
        traces = []
        for _ in range(config.num_layers):
            states = [rows(steps + 1, H) for _ in cell.state]
            saved = [rows(steps, H) for _ in cell.saved]
            traces.append(cell.trace(rows(steps, config.gate_width), *states, *saved))
        dropped = training and config.dropout > 0
        own = dropped or config.end_symbol
        outputs = [rows(steps, H) if own else trace[1][1:] for trace in traces]
        losses = aligned_zeros((steps, streams), "float64")
        row_ids = np.arange(steps * streams, dtype=np.int32).reshape(steps, streams)
        no_ids = np.zeros_like(row_ids)
        longest = max(config.gate_width, config.vocab_size) if training else H
        rounded = room_to_round(longest, streams, config.packed_dtype)
        space = cls(traces, outputs, rows(steps, config.vocab_size), losses, row_ids, no_ids, rounded, dropped)
        if config.end_symbol:
            space.before_end = tuple(tuple(rows(steps, H) for _ in cell.state) for _ in traces)
        if training:
            space.d_h = rows(steps + 1, H)
            space.d_state = tuple(rows(1, H) for _ in cell.state[1:])
            stride = padded(H, config.dtype.itemsize)
            space.d_vectors = aligned_zeros((config.num_layers, streams, len(cell.vectors), stride), config.dtype)
        return space

    def bind(self, packed: Packed) -> Packed:
        """A packed matrix that rounds its left operands here."""
        return packed._replace(rounded=self.rounded)

    def bind_weights(self, weights: Weights) -> Weights:
        """A layer's weights for the streams of this workspace, whose products round here."""
        return weights._replace(w_hh=tuple(self.bind(packed) for packed in weights.w_hh), rows=self.row_ids[:1])

    def shortened(self, steps: int, states: int) -> "Workspace":
        """The same arrays, cut to windows of ``steps`` steps; ``states`` is the cell's number of states."""
        return replace(
            self,
            traces=[trace_steps(trace, 0, steps, states) for trace in self.traces],
            outputs=[output[:steps] for output in self.outputs],
            logits=self.logits[:steps],
            losses=self.losses[:steps],
            row_ids=self.row_ids[:steps],
            no_ids=self.no_ids[:steps],
            d_h=None if self.d_h is None else self.d_h[: steps + 1],
        )
