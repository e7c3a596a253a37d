"""The simple recurrent network with rectified linear units (Le, Jaitly and Hinton 2015).

    h[t] = max(a, 0)

with a = W_ih x[t] + b + W_hh h[t-1], as torch.nn.RNN computes it with nonlinearity="relu". Backwards, with d_h the
gradient of h[t] from above and from step t+1:

    d_a = d_h where h[t] > 0, else 0        d_h[t-1] = W_hh^T d_a
"""

import numpy as np

from charrnn.cells.contract import Cell, Product
from charrnn.cells.rnn import RNNTrace
from charrnn.kernels.intrinsics import clamp, wide_vectors
from charrnn.kernels.jit import addressable, inlined


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
        h[k] = clamp(a[k], h.dtype.type(0), h.dtype.type(np.inf))


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
    zero = h.dtype.type(0)
    for k in range(units):
        d = d_h[k]
        a[k] = d if h[k] > zero else zero


CELL = Cell(
    gates=1,
    state=("h",),
    trace=RNNTrace,
    forward=forward,
    backward=backward,
    initial_bias=np.zeros,
    products=(Product(gates=1),),
)
