"""The simple recurrent network (Elman 1990).

    h[t] = tanh(a)

with a = W_ih x[t] + b + W_hh h[t-1], as torch.nn.RNN computes it. Backwards, with d_h the gradient of h[t] from above
and from step t+1:

    d_a = d_h * (1 - h[t]^2)        d_h[t-1] = W_hh^T d_a
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import Cell, Product
from charrnn.kernels.activations import tanh, tanh_gradient
from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import addressable, inlined

Array = npt.NDArray[np.floating]


class RNNTrace(NamedTuple):
    """What a forward pass leaves for the backward pass."""

    gates: Array
    """(T, B, H): what the units left of a, then its gradient."""
    h: Array
    """(T+1, B, H)."""


@addressable
def forward(matmul, weights, trace, start, ids, units, first, last):
    """All steps of streams ``first`` to ``last``; see ``Cell.forward``."""
    for t in range(trace.gates.shape[0]):
        matmul(trace.h[t : t + 1], weights.w_hh[0], start, ids[t : t + 1], trace.gates[t : t + 1], first, last)
        for b in range(first, last):
            step(trace.gates[t, b], trace.h[t + 1, b], units)


@inlined
def step(a, h, units):
    """One stream's step."""
    wide_vectors()
    for k in range(units):
        h[k] = tanh(a[k])


@addressable
def backward(matmul, weights, trace, d_h, d_state, d_vectors, units, first, last):
    """All steps backwards, streams ``first`` to ``last``; see ``Cell.backward``."""
    for t in range(trace.gates.shape[0] - 1, -1, -1):
        for b in range(first, last):
            step_back(trace.gates[t, b], trace.h[t + 1, b], d_h[t + 1, b], units)
        matmul(trace.gates[t : t + 1], weights.w_hh[0], d_h[t], weights.rows, d_h[t : t + 1], first, last)


@inlined
def step_back(a, h, d_h, units):
    """One stream's step backwards."""
    wide_vectors()
    for k in range(units):
        a[k] = d_h[k] * tanh_gradient(h[k])


CELL = Cell(
    gates=1,
    state=("h",),
    trace=RNNTrace,
    forward=forward,
    backward=backward,
    initial_bias=np.zeros,
    products=(Product(gates=1),),
)
