"""Time loops that reset a stream's state to the initial state wherever the stream reads a given symbol.

The symbol marks the end of a document.

A cell's loop has no resets. So a window is cut before each step at which a stream restarts, and the cell's loop is
called, by its address, for each segment between two cuts. Activations are as in ``charrnn.cells.contract``.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import copy_row
from charrnn.kernels.jit import COMPILER_OPTIONS, inlined, jit


class Restarts(NamedTuple):
    """Where streams restart, and the states that restarts overwrite."""

    x: npt.NDArray[np.int32]
    """(T, B) ids that the streams read."""
    symbol: int
    """The id at which a stream restarts: its state is reset before the step that reads this id."""
    before: tuple[FloatArray, ...]
    """For each of the cell's states (T, B, at least H): the values that a restart has overwritten."""


@jit
def forward(run, matmul, weights, activations, bias_rows, row_index, units, restarts, initial, outputs, first, last):
    """Run all steps of the streams ``first`` to ``last``.

    Args:
        run: the cell's ``forward``. See ``Cell.forward`` for the arguments from ``matmul`` to ``units``.
        matmul: the kernel of products, by its address.
        weights: the layer's weights.
        activations: written; where a stream restarts, the state before that step becomes the initial state.
        bias_rows: (N, G) the rows from which each a[t] is taken.
        row_index: (T, B) index of the row for each step and stream.
        units: H.
        restarts: Restarts; ``before`` is written.
        initial: (S, H) the initial states.
        outputs: (T, B, at least H), written: h after each step.
        first: the first stream.
        last: one beyond the last stream.
    """
    states = len(restarts.before)
    begin = 0
    while begin < len(restarts.x):
        stop = begin + 1
        while stop < len(restarts.x) and not any_begins(restarts, stop, first, last):
            stop += 1
        swap_states(activations, restarts, begin, first, last)
        for b in range(first, last):
            if restarts.x[begin, b] == restarts.symbol:
                for place in range(states):
                    copy_row(initial[place], activations[1 + place][begin, b], units)
        run(
            matmul,
            weights,
            activation_steps(activations, begin, stop, states),
            bias_rows,
            row_index[begin:stop],
            units,
            first,
            last,
        )
        for t in range(begin, stop):
            for b in range(first, last):
                copy_row(activations[1][t + 1, b], outputs[t, b], units)
        begin = stop


@jit
def backward(
    run, matmul, weights, activations, d_h, d_state, d_vectors, units, restarts, d_states, d_begun, aside, first, last
):
    """Run all steps backwards, for the streams ``first`` to ``last``; no gradient flows across a restart.

    Args:
        run: the cell's ``backward``. See ``Cell.backward`` for the arguments from ``matmul`` to ``units``.
        matmul: the kernel of products, by its address.
        weights: the layer's weights.
        activations: as ``forward`` left them.
        d_h: (T + 1, B, H) gradients of the outputs from above; row 0 receives the gradient of h before the first step.
        d_state: the gradient of each state but h: after the last step on entry, before the first step on return.
        d_vectors: (B, P, H), to which each stream's gradient of the cell's vectors is added.
        units: H.
        restarts: as ``forward`` left them.
        d_states: ``d_h``, then the arrays of ``d_state``.
        d_begun: for each state (B, at least H), to which each stream's gradient of the initial state is added.
        aside: (B, at least H), a buffer.
        first: the first stream.
        last: one beyond the last stream.
    """
    states = len(restarts.before)
    stop = len(restarts.x)
    while stop > 0:
        begin = stop - 1
        while begin > 0 and not any_begins(restarts, begin, first, last):
            begin -= 1
        for b in range(first, last):
            if restarts.x[begin, b] == restarts.symbol:
                copy_row(d_h[begin, b], aside[b], units)
                d_h[begin, b, :units] = 0
        # The segment's last state, not the state that the next segment restarted from.
        swap_states(activations, restarts, stop, first, last)
        part = activation_steps(activations, begin, stop, states)
        run(matmul, weights, part, d_h[begin : stop + 1], d_state, d_vectors, units, first, last)
        swap_states(activations, restarts, stop, first, last)
        for b in range(first, last):
            if restarts.x[begin, b] == restarts.symbol:
                for place in range(states):
                    row = 0 if place else begin
                    take(d_states[place][row, b], d_begun[place][b], units)
                copy_row(aside[b], d_h[begin, b], units)
        stop = begin


@inlined
def any_begins(restarts, t, first, last):
    """Whether one of the streams restarts at step ``t``."""
    begins = False
    for b in range(first, last):
        begins |= restarts.x[t, b] == restarts.symbol
    return begins


@inlined
def swap_states(activations, restarts, t, first, last):
    """Exchange the state before step ``t`` with ``restarts.before``, for the streams that restart there."""
    if t < len(restarts.x):
        for b in range(first, last):
            if restarts.x[t, b] == restarts.symbol:
                for place in range(len(restarts.before)):
                    one, other = activations[1 + place][t, b], restarts.before[place][t, b]
                    for k in range(len(one)):
                        one[k], other[k] = other[k], one[k]


@inlined
def take(d, total, units):
    """Move a gradient: add it to a total and set it to zero."""
    for k in range(units):
        total[k] += d[k]
        d[k] = 0


def activation_steps(activations: Any, begin: int, stop: int, states: int) -> Any:
    """The activations of the steps from ``begin`` to ``stop``, for a cell of ``states`` states."""
    return type(activations)(*_cut(tuple(activations), 0, begin, stop, states))


def _cut(arrays, place, begin, stop, states):
    """Do what ``activation_steps`` does for ``arrays``, which begin with array number ``place``."""
    rows = arrays[0][begin : stop + (1 <= place <= states)]
    return (rows,) if len(arrays) == 1 else (rows, *_cut(arrays[1:], place + 1, begin, stop, states))


@overload(activation_steps, jit_options=COMPILER_OPTIONS)
def _steps_of(activations, begin, stop, states):
    make = activations.instance_class
    return lambda activations, begin, stop, states: make(*_cut(activations, 0, begin, stop, states))


@overload(_cut, jit_options=COMPILER_OPTIONS)
def _cut_compiled(arrays, place, begin, stop, states):
    if len(arrays) == 1:
        return lambda arrays, place, begin, stop, states: (arrays[0][begin : stop + (1 <= place <= states)],)
    return lambda arrays, place, begin, stop, states: (
        arrays[0][begin : stop + (1 <= place <= states)],
        *_cut(arrays[1:], place + 1, begin, stop, states),
    )
