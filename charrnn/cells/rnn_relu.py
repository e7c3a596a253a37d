"""The simple recurrent network with rectified linear units (Le, Jaitly and Hinton 2015).

    h[t] = max(a, 0)

with a = W_ih x[t] + b + W_hh h[t-1], as torch.nn.RNN computes it with nonlinearity="relu". Backwards, with d_h the
gradient of h[t] from above and from step t+1:

    d_a = d_h where h[t] > 0, else 0        d_h[t-1] = W_hh^T d_a
"""

import numpy as np

from charrnn.cells.contract import Cell, RecurrentProjection
from charrnn.cells.rnn import RNNActivations
from charrnn.kernels.intrinsics import clamp, wide_vectors
from charrnn.kernels.jit import inlined


@inlined
def step(activations, t, b, vectors, units):
    """Compute one step of one stream."""
    wide_vectors()
    a, h = activations.gates[t, b], activations.h[t + 1, b]
    for k in range(units):
        h[k] = clamp(a[k], h.dtype.type(0), h.dtype.type(np.inf))


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``."""
    wide_vectors()
    a, h, d_h = activations.gates[t, b], activations.h[t + 1, b], d_hs[t + 1, b]
    zero = h.dtype.type(0)
    for k in range(units):
        d = d_h[k]
        a[k] = d if h[k] > zero else zero


CELL = Cell(
    gates=1,
    state=("h",),
    activations=RNNActivations,
    step=step,
    step_back=step_back,
    initial_bias=np.zeros,
    products=(RecurrentProjection(gates=1),),
)
