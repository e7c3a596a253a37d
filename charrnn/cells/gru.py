"""The gated recurrent unit (Cho et al. 2014), as cuDNN and torch.nn.GRU compute it.

    r = sigmoid(a_r + u_r)    z = sigmoid(a_z + u_z)    n = tanh(a_n + r * (u_n + b_hn))
    h[t] = (1 - z) * n + z * h[t-1]

with a = W_ih x[t] + b and u = W_hh h[t-1], gates in PyTorch's order r, z, n. The product u_n is not added to a_n,
because the reset gate scales it, and it has its own bias b_hn. Backwards, with d_h the gradient of h[t] from above and
from step t+1:

    d_a_n = d_h * (1 - z) * (1 - n^2)      d_u_n = d_a_n * r      d_b_hn = d_u_n
    d_a_r = d_a_n * (u_n + b_hn) * r (1 - r)
    d_a_z = d_h * (h[t-1] - n) * z (1 - z)
    d_h[t-1] = d_h * z + W_hh^T d_u        d_u_r = d_a_r      d_u_z = d_a_z
"""

from typing import NamedTuple

import numpy as np

from charrnn.cells.contract import Cell, CellParameter, RecurrentProjection
from charrnn.kernels.activations import sigmoid, sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import copy_row, wide_vectors
from charrnn.kernels.jit import inlined


class GRUActivations(NamedTuple):
    """The activations that the backward pass needs."""

    gates: FloatArray
    """(T, B, 3H): (r, z, n), then the gradient of a."""
    h: FloatArray
    """(T+1, B, H): the output; row 0 is h before the first step."""
    candidate: FloatArray
    """(T, B, H): u_n + b_hn, then its gradient."""


@inlined
def begin(activations, t, b, bias_row, vectors, units):
    """Write one stream's a_n, and the b_hn to which the product u_n is added."""
    copy_row(bias_row[2 * units :], activations.gates[t, b, 2 * units :], units)
    copy_row(vectors[0], activations.candidate[t, b], units)


@inlined
def step(activations, t, b, vectors, units):
    """Compute one step of one stream."""
    wide_vectors()
    a_r, a_z, a_n = three_gates(activations.gates[t, b], units)
    candidate, h_before, h = activations.candidate[t, b], activations.h[t, b], activations.h[t + 1, b]
    for k in range(units):
        r = sigmoid(a_r[k])
        a_r[k] = r
        a_n[k] = tanh(a_n[k] + r * candidate[k])
    for k in range(units):
        z, n = sigmoid(a_z[k]), a_n[k]
        a_z[k] = z
        h[k] = n + z * (h_before[k] - n)


@inlined
def three_gates(a, units):
    """Cut a row of 3H numbers into its three gates, as views."""
    return a[:units], a[units : 2 * units], a[2 * units : 3 * units]


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``; add to ``d_h_before`` the gradient that does not flow through W_hh."""
    wide_vectors()
    one = d_hs.dtype.type(1)
    a_r, a_z, a_n = three_gates(activations.gates[t, b], units)
    candidate, h_before, d_h, d_h_before = activations.candidate[t, b], activations.h[t, b], d_hs[t + 1, b], d_hs[t, b]
    for k in range(units):
        r, z, n = a_r[k], a_z[k], a_n[k]
        d_n = d_h[k] * (one - z) * tanh_gradient(n)
        a_n[k] = d_n
        a_r[k] = d_n * candidate[k] * sigmoid_gradient(r)
        candidate[k] = d_n * r
        a_z[k] = d_h[k] * (h_before[k] - n) * sigmoid_gradient(z)
        d_h_before[k] += d_h[k] * z
    add_to(d_vectors[b, 0], candidate, units)


@inlined
def add_to(total, row, units):
    """Add ``row`` to ``total``."""
    for k in range(units):
        total[k] += row[k]


CELL = Cell(
    gates=3,
    state=("h",),
    activations=GRUActivations,
    begin=begin,
    step=step,
    step_back=step_back,
    initial_bias=lambda units: np.zeros(3 * units),
    products=(RecurrentProjection(gates=2), RecurrentProjection(gates=1, gradient="candidate")),
    vectors=(CellParameter("bias_hn", bias_of=2),),
    saved=("candidate",),
)
