"""Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers, Schmidhuber and Cummins 2000).

    i = sigmoid(a_i)    f = sigmoid(a_f)    g = tanh(a_g)    o = sigmoid(a_o)
    c[t] = f * c[t-1] + i * g
    h[t] = o * tanh(c[t])

with a = W_ih x[t] + b + W_hh h[t-1], gates in PyTorch's order i, f, g, o. Backwards, with d_h the gradient of h[t]
from above and from step t+1, and d_c that of c[t] from step t+1:

    d_c  += d_h * o * (1 - tanh(c[t])^2)
    d_a_i = d_c * g * i (1 - i)            d_a_f = d_c * c[t-1] * f (1 - f)
    d_a_g = d_c * i * (1 - g^2)            d_a_o = d_h * tanh(c[t]) * o (1 - o)
    d_c[t-1] = d_c * f                     d_h[t-1] = W_hh^T d_a
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import Cell
from charrnn.kernels.activations import sigmoid, sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.jit import jit
from charrnn.kernels.matmul import matmul

Array = npt.NDArray[np.floating]


class Trace(NamedTuple):
    """What a forward pass leaves for the backward pass."""

    gates: Array
    """(T, B, 4H): a, then (i, f, g, o), then the gradient of a."""
    h: Array
    """(T+1, B, H)."""
    c: Array
    """(T+1, B, H)."""
    tanh_c: Array
    """(T, B, H)."""


@jit
def forward(w_hh, trace, units, first, last):
    """All steps of streams ``first`` to ``last``; see ``Cell.forward``."""
    H = units
    for t in range(trace.gates.shape[0]):
        matmul(trace.h[t : t + 1], w_hh, trace.gates[t : t + 1], first, last)
        for b in range(first, last):
            a = trace.gates[t, b]
            c_before = trace.c[t, b]
            c = trace.c[t + 1, b]
            h = trace.h[t + 1, b]
            tanh_c = trace.tanh_c[t, b]
            for k in range(H):
                i = sigmoid(a[k])
                f = sigmoid(a[H + k])
                g = tanh(a[2 * H + k])
                o = sigmoid(a[3 * H + k])
                memory = f * c_before[k] + i * g
                squashed = tanh(memory)
                a[k] = i
                a[H + k] = f
                a[2 * H + k] = g
                a[3 * H + k] = o
                c[k] = memory
                tanh_c[k] = squashed
                h[k] = o * squashed


@jit
def backward(w_hh, trace, d_h, d_state, units, first, last):
    """All steps backwards, streams ``first`` to ``last``; see ``Cell.backward``."""
    H = units
    d_h_next, d_c_next = d_state
    for t in range(trace.gates.shape[0] - 1, -1, -1):
        for b in range(first, last):
            a = trace.gates[t, b]
            c_before = trace.c[t, b]
            tanh_c = trace.tanh_c[t, b]
            above = d_h[t, b]
            after = d_h_next[0, b]
            d_c = d_c_next[0, b]
            for k in range(H):
                i = a[k]
                f = a[H + k]
                g = a[2 * H + k]
                o = a[3 * H + k]
                d = above[k] + after[k]
                d_memory = d_c[k] + d * o * tanh_gradient(tanh_c[k])
                a[k] = d_memory * g * sigmoid_gradient(i)
                a[H + k] = d_memory * c_before[k] * sigmoid_gradient(f)
                a[2 * H + k] = d_memory * i * tanh_gradient(g)
                a[3 * H + k] = d * tanh_c[k] * sigmoid_gradient(o)
                d_c[k] = d_memory * f
                after[k] = 0
        matmul(trace.gates[t : t + 1], w_hh, d_h_next, first, last)


def initial_bias(units: int) -> Array:
    """Zero, but 1 for the forget gate: a new cell remembers (Jozefowicz, Zaremba and Sutskever 2015)."""
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = 1
    return bias


CELL = Cell(
    gates=4,
    state=("h", "c"),
    saved=("tanh_c",),
    trace=Trace,
    forward=forward,
    backward=backward,
    initial_bias=initial_bias,
)
