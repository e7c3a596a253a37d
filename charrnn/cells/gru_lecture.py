"""The gated recurrent unit as it was first described (Cho et al. 2014): the reset gate comes before the product.

    r = sigmoid(a_r + W_r h[t-1])    z = sigmoid(a_z + W_z h[t-1])    n = tanh(a_n + W_n (r * h[t-1]))
    h[t] = (1 - z) * h[t-1] + z * n

with a = W_ih x[t] + b and W_hh = (W_r, W_z, W_n). Unlike in ``gru``, the product with W_n depends on the one with W_r.
Backwards, with d_h the gradient of h[t] from above and from step t+1:

    d_a_n = d_h * z * (1 - n^2)        d_a_z = d_h * (n - h[t-1]) * z (1 - z)
    d_v = W_n^T d_a_n                  d_a_r = d_v * h[t-1] * r (1 - r)        (v = r * h[t-1])
    d_h[t-1] = d_h * (1 - z) + d_v * r + W_r^T d_a_r + W_z^T d_a_z
"""

from typing import NamedTuple

import numpy as np

from charrnn.cells.contract import Cell, RecurrentProjection
from charrnn.cells.gru import three_gates
from charrnn.kernels.activations import sigmoid, sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import copy_row, wide_vectors
from charrnn.kernels.jit import inlined


class GRULectureActivations(NamedTuple):
    """The activations that the backward pass needs."""

    gates: FloatArray
    """(T, B, 3H): (r, z, n), then the gradient of a."""
    h: FloatArray
    """(T+1, B, H): the output; row 0 is h before the first step."""
    reset: FloatArray
    """(T, B, H): r * h[t-1]."""
    candidate: FloatArray
    """(T, B, H): a_n + W_n (r * h[t-1]), then its gradient."""


@inlined
def begin(activations, t, b, bias_row, vectors, units):
    """Write one stream's a_n, to which the second product is added."""
    copy_row(bias_row[2 * units :], activations.candidate[t, b], units)


@inlined
def reset(activations, t, b, bias_row, vectors, units):
    """Compute the part of one stream's step before the second product: that product's operand r * h[t-1]."""
    wide_vectors()
    a_r, _, _ = three_gates(activations.gates[t, b], units)
    h_before, v = activations.h[t, b], activations.reset[t, b]
    for k in range(units):
        r = sigmoid(a_r[k])
        a_r[k] = r
        v[k] = r * h_before[k]


@inlined
def step(activations, t, b, vectors, units):
    """Compute the part of one stream's step that follows the second product."""
    wide_vectors()
    _, a_z, a_n = three_gates(activations.gates[t, b], units)
    candidate, h_before, h = activations.candidate[t, b], activations.h[t, b], activations.h[t + 1, b]
    for k in range(units):
        z, n = sigmoid(a_z[k]), tanh(candidate[k])
        a_z[k], a_n[k] = z, n
        h[k] = h_before[k] + z * (n - h_before[k])


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``, down to the second product; zero ``d_h``, to receive the gradient of r * h[t-1]."""
    wide_vectors()
    one, zero = d_hs.dtype.type(1), d_hs.dtype.type(0)
    _, a_z, a_n = three_gates(activations.gates[t, b], units)
    candidate, h_before, d_h, d_h_before = activations.candidate[t, b], activations.h[t, b], d_hs[t + 1, b], d_hs[t, b]
    for k in range(units):
        z, n, d = a_z[k], a_n[k], d_h[k]
        d_n = d * z * tanh_gradient(n)
        a_n[k] = d_n
        candidate[k] = d_n
        a_z[k] = d * (n - h_before[k]) * sigmoid_gradient(z)
        d_h_before[k] += d * (one - z)
        d_h[k] = zero


@inlined
def reset_back(activations, t, b, d_v, d_h_before, units):
    """Backward pass of ``reset``; ``d_v`` is the gradient of r * h[t-1]."""
    wide_vectors()
    a_r, _, _ = three_gates(activations.gates[t, b], units)
    h_before = activations.h[t, b]
    for k in range(units):
        r, d = a_r[k], d_v[k]
        a_r[k] = d * h_before[k] * sigmoid_gradient(r)
        d_h_before[k] += d * r


CELL = Cell(
    gates=3,
    state=("h",),
    activations=GRULectureActivations,
    begin=begin,
    between=reset,
    step=step,
    step_back=step_back,
    between_back=reset_back,
    initial_bias=lambda units: np.zeros(3 * units),
    products=(RecurrentProjection(gates=2), RecurrentProjection(gates=1, operand="reset", gradient="candidate")),
    saved=("reset", "candidate"),
)
