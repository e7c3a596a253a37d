"""Long short-term memory with peepholes: the gates also read c (Gers, Schraudolph and Schmidhuber 2002).

    i = sigmoid(a_i + p_i * c[t-1])    f = sigmoid(a_f + p_f * c[t-1])    g = tanh(a_g)
    c[t] = f * c[t-1] + i * g
    o = sigmoid(a_o + p_o * c[t])
    h[t] = o * tanh(c[t])

with a = W_ih x[t] + b + W_hh h[t-1], gates in the order i, f, g, o. Backwards, with d_h the gradient of h[t] from
above and from step t+1, and d_c that of c[t] from step t+1:

    d_a_o = d_h * tanh(c[t]) * o (1 - o)
    d_c  += d_h * o * (1 - tanh(c[t])^2) + d_a_o * p_o
    d_a_i = d_c * g * i (1 - i)    d_a_f = d_c * c[t-1] * f (1 - f)    d_a_g = d_c * i * (1 - g^2)
    d_p_i = d_a_i * c[t-1]         d_p_f = d_a_f * c[t-1]              d_p_o = d_a_o * c[t]
    d_c[t-1] = d_c * f + d_a_i * p_i + d_a_f * p_f
    d_h[t-1] = W_hh^T d_a
"""

from charrnn.cells.contract import Cell, CellParameter, RecurrentProjection
from charrnn.cells.lstm import HYPERPARAMETERS, LSTMActivations, four_gates, initial_bias  # noqa: F401 - read by name
from charrnn.kernels.activations import sigmoid, sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import inlined

INPUT, FORGET, OUTPUT = range(3)
"""Rows of ``vectors``: the peepholes of each gate."""


@inlined
def step(activations, t, b, vectors, units):
    """Compute one step of one stream."""
    wide_vectors()
    a_i, a_f, a_g, a_o = four_gates(activations.gates[t, b], units)
    c_before, c, h = activations.c[t, b], activations.c[t + 1, b], activations.h[t + 1, b]
    p_i, p_f, p_o = vectors[INPUT], vectors[FORGET], vectors[OUTPUT]
    for k in range(units):
        i = sigmoid(a_i[k] + p_i[k] * c_before[k])
        f = sigmoid(a_f[k] + p_f[k] * c_before[k])
        g = tanh(a_g[k])
        a_i[k], a_f[k], a_g[k] = i, f, g
        c[k] = f * c_before[k] + i * g
    for k in range(units):
        o = sigmoid(a_o[k] + p_o[k] * c[k])
        a_o[k] = o
        h[k] = o * tanh(c[k])


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``; ``d_c`` becomes the gradient of ``c_before``."""
    wide_vectors()
    a_i, a_f, a_g, a_o = four_gates(activations.gates[t, b], units)
    c_before, c, d_h, d_c = activations.c[t, b], activations.c[t + 1, b], d_hs[t + 1, b], d_states[0][0, b]
    p_i, p_f, p_o = vectors[INPUT], vectors[FORGET], vectors[OUTPUT]
    for k in range(units):
        o = a_o[k]
        squashed = tanh(c[k])
        d_o = d_h[k] * squashed * sigmoid_gradient(o)
        a_o[k] = d_o
        d_c[k] += d_h[k] * o * tanh_gradient(squashed) + d_o * p_o[k]
    for k in range(units):
        i, f, g = a_i[k], a_f[k], a_g[k]
        d_memory = d_c[k]
        d_i = d_memory * g * sigmoid_gradient(i)
        d_f = d_memory * c_before[k] * sigmoid_gradient(f)
        a_i[k], a_f[k], a_g[k] = d_i, d_f, d_memory * i * tanh_gradient(g)
        d_c[k] = d_memory * f + d_i * p_i[k] + d_f * p_f[k]
    add_products(d_vectors[b], activations.gates[t, b], c_before, c, units)


@inlined
def add_products(d_peepholes, d_a, c_before, c, units):
    """Add one step's gradient of the peepholes to the stream's sum."""
    d_i, d_f, _, d_o = four_gates(d_a, units)
    total_i, total_f, total_o = d_peepholes[INPUT], d_peepholes[FORGET], d_peepholes[OUTPUT]
    for k in range(units):
        total_i[k] += d_i[k] * c_before[k]
        total_f[k] += d_f[k] * c_before[k]
    for k in range(units):
        total_o[k] += d_o[k] * c[k]


CELL = Cell(
    gates=4,
    state=("h", "c"),
    activations=LSTMActivations,
    step=step,
    step_back=step_back,
    initial_bias=initial_bias,
    products=(RecurrentProjection(gates=4),),
    vectors=(CellParameter("peephole_i"), CellParameter("peephole_f"), CellParameter("peephole_o")),
)
