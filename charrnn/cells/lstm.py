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

from charrnn.cells.contract import Cell, RecurrentProjection
from charrnn.kernels.activations import sigmoid, sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import inlined

HYPERPARAMETERS = {
    "forget_bias_low": {
        "default": -3.0,
        "help": "The initial forget gate biases of the units are spread from this one to --forget-bias-high.",
        "least": -100,
        "most": 100,
    },
    "forget_bias_high": {
        "default": 1.0,
        "help": "The other end of the initial forget gate biases; see --forget-bias-low.",
        "least": -100,
        "most": 100,
    },
}


class LSTMActivations(NamedTuple):
    """The activations that the backward pass needs."""

    gates: FloatArray
    """(T, B, 4H): (i, f, g, o), then the gradient of a."""
    h: FloatArray
    """(T+1, B, H): the output; row 0 is h before the first step."""
    c: FloatArray
    """(T+1, B, H): the cell state; row 0 is c before the first step."""


@inlined
def step(activations, t, b, vectors, units):
    """Compute one step of one stream, in two short loops: the CPU overlaps more iterations of short loops."""
    wide_vectors()
    a_i, a_f, a_g, a_o = four_gates(activations.gates[t, b], units)
    c_before, c, h = activations.c[t, b], activations.c[t + 1, b], activations.h[t + 1, b]
    for k in range(units):
        i, f, g = sigmoid(a_i[k]), sigmoid(a_f[k]), tanh(a_g[k])
        a_i[k], a_f[k], a_g[k] = i, f, g
        c[k] = f * c_before[k] + i * g
    for k in range(units):
        o = sigmoid(a_o[k])
        a_o[k] = o
        h[k] = o * tanh(c[k])


@inlined
def four_gates(a, units):
    """Cut a row of 4H numbers into its four gates, as views."""
    return a[:units], a[units : 2 * units], a[2 * units : 3 * units], a[3 * units : 4 * units]


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``; ``d_c`` becomes the gradient of ``c_before``."""
    wide_vectors()
    a_i, a_f, a_g, a_o = four_gates(activations.gates[t, b], units)
    c_before, c, d_h, d_c = activations.c[t, b], activations.c[t + 1, b], d_hs[t + 1, b], d_states[0][0, b]
    for k in range(units):
        i, f, g, o = a_i[k], a_f[k], a_g[k], a_o[k]
        squashed = tanh(c[k])
        d_memory = d_c[k] + d_h[k] * o * tanh_gradient(squashed)
        a_i[k] = d_memory * g * sigmoid_gradient(i)
        a_f[k] = d_memory * c_before[k] * sigmoid_gradient(f)
        a_g[k] = d_memory * i * tanh_gradient(g)
        a_o[k] = d_h[k] * squashed * sigmoid_gradient(o)
        d_c[k] = d_memory * f


def initial_bias(units: int, forget_bias_low: float = -3.0, forget_bias_high: float = 1.0) -> FloatArray:
    """Initial bias (4H,): evenly spaced between two values for forget gates, so that units' time scales differ; else 0.

    Spreading time scales follows Tallec and Ollivier 2018, "Can recurrent neural networks warp time?". With the usual 1
    for all units (Jozefowicz, Zaremba and Sutskever 2015), all cells have long memories before they have learned what
    is worth remembering, and they learn text more slowly; see benchmarks/results.md.
    """
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = np.linspace(forget_bias_low, forget_bias_high, units)
    return bias


CELL = Cell(
    gates=4,
    state=("h", "c"),
    activations=LSTMActivations,
    step=step,
    step_back=step_back,
    initial_bias=initial_bias,
    products=(RecurrentProjection(gates=4),),
)
