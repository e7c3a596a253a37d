"""The compiled sampling loop, which draws a chunk of characters for many streams.

All layers share the same arrays: layer l of stream n is row ``l N + n``. So the loop is compiled once for each cell,
not for each number of layers. It calls the training kernels of the cell and of the matrix product by their addresses.

With few streams, reading the weights takes most of the time. So the loop takes steps in pairs. It reads the weights
forward in the first step and backward in the second, which thus begins with weights that are still in the cache. W_hh
is read backward still earlier, right after the layer's first step: its product with the new h is precomputed for the
second step, whose input is not known yet.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import Weights as CellWeights
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.draw import Rules
from charrnn.kernels.jit import addressable, by_address, compiled, inlined, jit
from charrnn.kernels.packing import Packed, part_of, parts_of
from charrnn.kernels.team import may_leave
from charrnn.layers.products import matmul_address
from charrnn.models.language.config import LanguageConfig
from charrnn.sampling.drawing import Drawn, choose


class SamplingWeights(NamedTuple):
    """A model's weights, with all layers in one array."""

    table: FloatArray
    """(V, at least G): the input table of the first layer."""
    upper: FloatArray
    """(L - 1, 1 or V, at least G): the input table of each upper layer, or its bias if the input does not reach it."""
    w_hh: tuple[Packed, ...]
    """One for each recurrent product of the cell: a packed matrix of depth H, with panels (L, size)."""
    vectors: FloatArray
    """(L, P, at least H): the cell's vector parameters, such as peepholes."""
    w_ih: Packed
    """Packed, H x G, with panels (L - 1, size)."""
    w_out: Packed
    """Packed, H x V, with panels (S, size) for the last S layers, which reach the output."""
    head_bias: FloatArray
    """(1, V): the bias of the output."""
    zeros: FloatArray
    """(1, at least G): the bias of products that have none."""


class Kernels(NamedTuple):
    """The kernels that the loop calls by address; see ``generate_for``."""

    matmul: Any
    forward: Any
    choose: Any


class StepKernels(NamedTuple):
    """The kernels of a step without a draw; see ``advance_recurrently``."""

    matmul: Any
    forward: Any


class StreamArrays(NamedTuple):
    """The arrays for sampling N streams."""

    ids: npt.NDArray[np.int32]
    """(1, L N): the last character of each stream, drawn but not read yet; after these N, the index of each row."""
    upper_ids: npt.NDArray[np.int32]
    """(1, L N): for each row of an upper layer, its row in ``SamplingWeights.upper``."""
    row_ids: npt.NDArray[np.int32]
    """(1, L N): the index of each row."""
    no_ids: npt.NDArray[np.int32]
    """(1, L N) zeros: row indices into a bias that has one row."""
    below: FloatArray
    """(1, L N, at least H): a view of the activations, shifted so that each row is the output of the layer below."""
    outputs: FloatArray
    """(L, N, at least H): a view of the activations with the output of each layer."""
    generators: npt.NDArray[np.uint64]
    """(N, 4): the states of the random generators."""
    precomputed: tuple[FloatArray, ...]
    """(1, L N, at least its columns) for each recurrent product that the loop precomputes; empty for the others."""
    logits: FloatArray
    """(1, N, at least V): the logits of the next characters."""
    weights: FloatArray
    """(N, V): a buffer for drawing."""
    heap: npt.NDArray[np.int32]
    """(N, V): a buffer for drawing."""


@inlined
def read_ids(kernels, model, activations, states, streams, second, ahead, first, last):
    """Read the last character of the streams ``first`` to ``last``: write its logits and advance the state.

    Args:
        kernels: Kernels.
        model: SamplingWeights.
        activations: the cell's activations for one step of L N rows; index 0 of each state array is the current state.
        states: number of the cell's states.
        streams: StreamArrays.
        second: whether this is the second step of a pair, whose products with W_hh are precomputed.
        ahead: whether to precompute the products of the next step, the second of the pair.
        first: the first stream.
        last: one beyond the last stream.
    """
    layers, rows, _ = streams.outputs.shape
    H = model.w_ih.depth
    gates, bias_rows = activations[0], model.table
    for layer in range(layers):
        row = layer * rows
        if layer:
            if model.upper.shape[1] > 1:
                for n in range(first, last):
                    streams.upper_ids[0, row + n] = streams.ids[0, n]
            w_ih, bias_rows = part_of(model.w_ih, layer - 1, model.w_ih.precomputed, second), model.upper[layer - 1]
            kernels.matmul(streams.below, w_ih, bias_rows, streams.upper_ids, gates, row + first, row + last)
            bias_rows = gates[0]
        if not second:
            multiply(kernels, model, activations, streams, layer, False, row + first, row + last)
        weights = CellWeights(parts_of(model.w_hh, layer, streams.precomputed), model.vectors[layer], streams.row_ids)
        kernels.forward(kernels.matmul, weights, activations, bias_rows, streams.ids, H, row + first, row + last)
        for place, array in enumerate(activations):
            if 1 <= place <= states:
                for r in range(row + first, row + last):
                    before, after = array[0, r], array[1, r]
                    for k in range(H):
                        before[k] = after[k]
        if ahead:
            multiply(kernels, model, activations, streams, layer, True, row + first, row + last)
    bias_rows, ids = model.head_bias, streams.no_ids
    reaching = model.w_out.panels.shape[0]
    for place in range(reaching):
        layer = layers - reaching + place
        output, w_out = streams.outputs[layer : layer + 1], part_of(model.w_out, place, model.w_out.precomputed, False)
        kernels.matmul(output, w_out, bias_rows, ids, streams.logits, first, last)
        bias_rows, ids = streams.logits[0], streams.row_ids


@inlined
def multiply(kernels, model, activations, streams, layer, is_reversed, first_row, last_row):
    """Compute a layer's products into ``streams.precomputed``, reading the panels in order or reversed."""
    count = len(streams.precomputed)
    for i in range(count):
        place = count - 1 - i if is_reversed else i
        precomputed, w_hh = streams.precomputed[place], model.w_hh[place]
        if precomputed.size:
            w_hh = part_of(w_hh, layer, w_hh.precomputed, is_reversed)
            kernels.matmul(activations[1][:1], w_hh, model.zeros, streams.no_ids, precomputed, first_row, last_row)


@jit
def generate_recurrently(kernels, model, activations, states, streams, rules, drawn, first, last):
    """Fill ``drawn`` for the streams ``first`` to ``last``.

    Each stream reads its last character and draws the next, T times. The result depends neither on the other streams
    nor on the number of characters per call. If a team of threads breaks up, all members but the first return early.

    Args:
        kernels: Kernels.
        model: SamplingWeights.
        activations: as in ``read_ids``.
        states: as in ``read_ids``.
        streams: StreamArrays, advanced.
        rules: ``charrnn.kernels.draw.Rules``.
        drawn: Drawn, written.
        first: the first stream.
        last: one beyond the last stream.
    """
    classes, length = model.head_bias.shape[1], drawn.ids.shape[1]
    for t in range(length):
        if may_leave(model.w_out.team):
            return
        second = t % 2 == 1
        ahead = not second and t + 1 < length
        read_ids(kernels, model, activations, states, streams, second, ahead, first, last)
        for n in range(first, last):
            kernels.choose(streams, classes, rules, drawn, n, t)


class Recurrence(NamedTuple):
    """What ``advance_recurrently`` works on; see ``read_ids``."""

    kernels: StepKernels
    model: SamplingWeights
    activations: Any
    states: int
    streams: StreamArrays


@addressable
def advance_recurrently(own, second, ahead, first, last):
    """Advance a Recurrence by a step; see ``charrnn.sampling.streams.SteppedMember``."""
    read_ids(own.kernels, own.model, own.activations, own.states, own.streams, second, ahead, first, last)


def step_kernels(
    config: LanguageConfig, model: SamplingWeights, activations: Any, streams: StreamArrays
) -> StepKernels:
    """Compile a model's kernels for arguments of these types."""
    multiply = matmul_address(config.dtype, config.packed_dtype)
    weights = CellWeights(parts_of(model.w_hh, 0, streams.precomputed), model.vectors[0], streams.row_ids)
    forward = config.stack.cell.forward
    return StepKernels(multiply, by_address(forward, multiply, weights, activations, model.table, streams.ids, 0, 0, 0))


def generate_for(
    config: LanguageConfig,
    model: SamplingWeights,
    activations: Any,
    states: int,
    streams: StreamArrays,
    rules: Rules,
    drawn: Drawn,
) -> Callable[..., None]:
    """Compile ``generate_recurrently`` for arguments of these types, and bind a model's kernels to it."""
    steps = step_kernels(config, model, activations, streams)
    kernels = Kernels(*steps, by_address(choose, streams, 0, rules, drawn, 0, 0))
    loop = compiled(generate_recurrently, kernels, model, activations, states, streams, rules, drawn, 0, 0)
    return partial(loop.entry_point, kernels)
