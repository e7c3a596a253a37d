"""The compiled loop that draws a chunk of characters for many streams.

The layers' streams lie in the same arrays, one layer after the other: layer l of stream n is row ``l N + n``. So the
loop is compiled once for a cell and not for each number of layers. The cell and the matrix product are those of
training: the loop calls them by their addresses.

Few streams wait for their weights. So steps go in pairs, in which weights are read from their beginning to their end
and back: where they are larger than a cache, what was read last is still in it. W_hh is read back at once, while its
layer's part of the first step is done: then the product with h is made ahead, apart from what it is added to in the
second step, which nobody knows yet.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import Weights as CellWeights
from charrnn.kernels.draw import Rules
from charrnn.kernels.jit import by_address, compiled, inlined, jit
from charrnn.kernels.packing import Packed, part_of, parts_of
from charrnn.kernels.team import may_leave
from charrnn.layers.products import matmul_address
from charrnn.models.language.config import LanguageConfig
from charrnn.sampling.drawing import Drawn, choose

Array = npt.NDArray[np.floating]


class SamplingWeights(NamedTuple):
    """A model's weights, those of all layers in one array."""

    table: Array
    """(V, at least G): what the first layer adds for each character."""
    upper: Array
    """(L - 1, 1 or V, at least G): the same for each layer above, or its bias where the input does not reach it."""
    w_hh: tuple[Packed, ...]
    """For each of the cell's products, H x its rows; its panels are (L, size)."""
    vectors: Array
    """(L, P, at least H): the cell's vectors."""
    w_ih: Packed
    """H x G; its panels are (L - 1, size)."""
    w_out: Packed
    """H x V; its panels are (S, size), for the last S layers: those that reach the output."""
    head_bias: Array
    """(1, V)."""
    zeros: Array
    """(1, at least G)."""


class Kernels(NamedTuple):
    """What the loop calls by address; see ``generate_for``."""

    matmul: Any
    forward: Any
    choose: Any


class StreamArrays(NamedTuple):
    """N streams at work."""

    ids: npt.NDArray[np.int32]
    """(1, L N): the last character of each, which is drawn but not read yet; then the number of each further row."""
    upper_ids: npt.NDArray[np.int32]
    """(1, L N): the row of ``Weights.upper`` that each row of a layer above the first starts from."""
    row_ids: npt.NDArray[np.int32]
    """(1, L N): the number of each row."""
    no_ids: npt.NDArray[np.int32]
    """(1, L N) zeros."""
    below: Array
    """(1, L N, at least H): the same memory as the activations, such that each row is the output of the layer below."""
    outputs: Array
    """(L, N, at least H): likewise, the output of each layer."""
    generators: npt.NDArray[np.uint64]
    """(N, 4)."""
    precomputed: tuple[Array, ...]
    """For each of the cell's products (1, L N, at least its rows): where the loop makes it apart from what it is added
    to; empty where the cell makes it."""
    logits: Array
    """(1, N, at least V)."""
    weights: Array
    """(N, V), a buffer."""
    heap: npt.NDArray[np.int32]
    """(N, V), a buffer."""


@inlined
def read_ids(kernels, model, activations, states, streams, second, ahead, first, last):
    """One step of streams ``first`` to ``last``: the logits after their last characters; the state is advanced.

    Args:
        kernels: Kernels.
        model: Weights.
        activations: the cell's, of one step and L N streams; the state is in row 0 of its first ``states`` arrays.
        states: a number.
        streams: Streams.
        second: whether this is the second step of a pair, whose products with W_hh are precomputed.
        ahead: whether to make those of the next step, the second of the pair.
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
    """Make those products of a layer's W_hh with its output that are made apart, or from the last to the first."""
    count = len(streams.precomputed)
    for i in range(count):
        place = count - 1 - i if is_reversed else i
        precomputed, w_hh = streams.precomputed[place], model.w_hh[place]
        if precomputed.size:
            w_hh = part_of(w_hh, layer, w_hh.precomputed, is_reversed)
            kernels.matmul(activations[1][:1], w_hh, model.zeros, streams.no_ids, precomputed, first_row, last_row)


@jit
def generate_recurrently(kernels, model, activations, states, streams, rules, drawn, first, last):
    """Fill ``drawn`` for streams ``first`` to ``last``.

    Each stream reads its last character and draws the next, T times. What a stream draws depends neither on the other
    streams nor on how many characters a call draws. Of a team that is given up, all members but the first leave early.

    Args:
        kernels: Kernels.
        model: Weights.
        activations: as for ``read``.
        states: as for ``read``.
        streams: Streams, advanced.
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


def generate_for(
    config: LanguageConfig,
    model: SamplingWeights,
    activations: Any,
    states: int,
    streams: StreamArrays,
    rules: Rules,
    drawn: Drawn,
) -> Callable[..., None]:
    """``generate`` with the kernels of a model, for further arguments of these types."""
    multiply = matmul_address(config.dtype, config.packed_dtype)
    weights = CellWeights(parts_of(model.w_hh, 0, streams.precomputed), model.vectors[0], streams.row_ids)
    kernels = Kernels(
        multiply,
        by_address(config.stack.cell.forward, multiply, weights, activations, model.table, streams.ids, 0, 0, 0),
        by_address(choose, streams, 0, rules, drawn, 0, 0),
    )
    loop = compiled(generate_recurrently, kernels, model, activations, states, streams, rules, drawn, 0, 0)
    return partial(loop.entry_point, kernels)
