"""The compiled loop that draws a chunk of characters for many streams.

The layers' streams lie in one trace, one layer after the other: layer l of stream n is row ``l N + n``. So the loop is
compiled once for a cell and not for each number of layers.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import forward
from charrnn.kernels.draw import draw, rank, weigh
from charrnn.kernels.jit import inlined, jit
from charrnn.kernels.lookup import fill_rows, gather_rows
from charrnn.kernels.matmul import Packed, matmul

Array = npt.NDArray[np.floating]


class Weights(NamedTuple):
    """A model's weights, those of all layers in one array."""

    table: Array
    """(V, at least G): what the first layer adds for each character."""
    w_hh: Packed
    """H x G; its panels are (L, size)."""
    w_ih: Packed
    """H x G; its panels are (L - 1, size)."""
    bias: Array
    """(L - 1, G), of the layers above the first."""
    w_head: Packed
    """H x V."""
    head_bias: Array
    """(V,)."""


class Streams(NamedTuple):
    """N streams at work."""

    ids: npt.NDArray[np.int32]
    """(1, N): the last character of each, which is drawn but not read yet."""
    generators: npt.NDArray[np.uint64]
    """(N, 4)."""
    logits: Array
    """(1, at least N, at least V)."""
    weights: Array
    """(N, V), scratch."""


class Drawn(NamedTuple):
    """What T draws of N streams gave."""

    ids: npt.NDArray[np.int32]
    """(N, T)."""
    nats: npt.NDArray[np.float64]
    """(N, T): -ln p of each, p by the model: temperature 1 and all classes."""
    rivals: npt.NDArray[np.int32]
    """(N, T, R): the R most probable classes, the first one first."""
    rival_nats: npt.NDArray[np.float64]
    """(N, T, R)."""


@inlined
def part_of(stacked, layer):
    """One layer's matrix of a stack."""
    return Packed(stacked.panels[layer], stacked.depth, stacked.columns)


@inlined
def read(model, trace, states, ids, logits, first, last):
    """One step of streams ``first`` to ``last``: the logits after ``ids`` (1, N); the state is advanced.

    Args:
        model: Weights.
        trace: the cell's, of one step and L N streams; the state is in row 0 of its first ``states`` arrays.
        states: a number.
        ids: (1, N).
        logits: (1, at least N, at least V), written.
        first: the first stream.
        last: one beyond the last stream.
    """
    streams = ids.shape[1]
    outputs = trace[1][1]
    gates = trace[0][0]
    H = model.w_hh.depth
    gather_rows(model.table, ids, trace[0], first, last)
    below = outputs[:streams].reshape(1, streams, outputs.shape[1])
    for layer in range(model.w_hh.panels.shape[0]):
        row = layer * streams
        if layer:
            a = gates[row : row + streams].reshape(1, streams, gates.shape[1])
            fill_rows(model.bias[layer - 1], a, first, last)
            matmul(below, part_of(model.w_ih, layer - 1), a, first, last)
            below = outputs[row : row + streams].reshape(1, streams, outputs.shape[1])
        forward(part_of(model.w_hh, layer), trace, H, row + first, row + last)
        for place, array in enumerate(trace):
            if 1 <= place <= states:
                for r in range(row + first, row + last):
                    for k in range(H):
                        array[0, r, k] = array[1, r, k]
    fill_rows(model.head_bias, logits, first, last)
    matmul(below, model.w_head, logits, first, last)


@jit
def generate(model, trace, states, streams, rules, drawn, first, last):
    """Fill ``drawn`` for streams ``first`` to ``last``.

    Each stream reads its last character and draws the next, T times. What a stream draws depends neither on the other
    streams nor on how many characters a call draws.

    Args:
        model: Weights.
        trace: as for ``read``.
        states: as for ``read``.
        streams: Streams, advanced.
        rules: ``charrnn.kernels.draw.Rules``.
        drawn: Drawn, written.
        first: the first stream.
        last: one beyond the last stream.
    """
    classes = model.head_bias.shape[0]
    for t in range(drawn.ids.shape[1]):
        read(model, trace, states, streams.ids, streams.logits, first, last)
        for n in range(first, last):
            logits = streams.logits[0, n]
            weights = streams.weights[n]
            chosen = draw(logits, classes, rules, weights, streams.generators[n])
            streams.ids[0, n] = chosen
            drawn.ids[n, t] = chosen
            top, total = weigh(logits, classes, 1.0, weights)
            log_total = np.log(total) + top
            drawn.nats[n, t] = log_total - np.float64(logits[chosen])
            rank(weights, classes, drawn.rivals[n, t])
            for place in range(drawn.rivals.shape[2]):
                drawn.rival_nats[n, t, place] = log_total - np.float64(logits[drawn.rivals[n, t, place]])
