"""The simple recurrent network (Elman 1990).

    h[t] = tanh(a)

with a = W_ih x[t] + b + W_hh h[t-1], as torch.nn.RNN computes it. Backwards, with d_h the gradient of h[t] from above
and from step t+1:

    d_a = d_h * (1 - h[t]^2)        d_h[t-1] = W_hh^T d_a
"""

from typing import NamedTuple

import numpy as np

from charrnn.cells.contract import Cell, RecurrentProjection
from charrnn.kernels.activations import tanh, tanh_gradient
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import inlined


class RNNActivations(NamedTuple):
    """The activations that the backward pass needs."""

    gates: FloatArray
    """(T, B, H): a, or the value that ``step`` writes over it, then the gradient of a."""
    h: FloatArray
    """(T+1, B, H): the output; row 0 is h before the first step."""


@inlined
def step(activations, t, b, vectors, units):
    """Compute one step of one stream."""
    wide_vectors()
    a, h = activations.gates[t, b], activations.h[t + 1, b]
    for k in range(units):
        h[k] = tanh(a[k])


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``."""
    wide_vectors()
    a, h, d_h = activations.gates[t, b], activations.h[t + 1, b], d_hs[t + 1, b]
    for k in range(units):
        a[k] = d_h[k] * tanh_gradient(h[k])


CELL = Cell(
    gates=1,
    state=("h",),
    activations=RNNActivations,
    step=step,
    step_back=step_back,
    initial_bias=np.zeros,
    products=(RecurrentProjection(gates=1),),
)
