"""Leaky integrator units, each with its own learned rate (Jaeger et al. 2007; Bengio et al. 2013).

    h[t] = (1 - rate) * h[t-1] + rate * u        u = tanh(a)        rate = sigmoid(s)

with a = W_ih x[t] + b + W_hh h[t-1]. The vector s is learned. A unit of rate r forgets over about 1 / r steps.
Backwards, with d_h the gradient of h[t] from above and from step t+1:

    d_a = d_h * rate * (1 - u^2)        d_s = d_h * (u - h[t-1]) * rate (1 - rate)
    d_h[t-1] = d_h * (1 - rate) + W_hh^T d_a
"""

import numpy as np

from charrnn.cells.contract import Cell, CellParameter, RecurrentProjection, zeros
from charrnn.cells.rnn import RNNActivations
from charrnn.kernels.activations import sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import inlined

HYPERPARAMETERS = {
    "slowest_rate": {
        "default": 0.02,
        "help": "The initial rates of leaky units are spread from this one to --fastest-rate.",
        "above": 0,
        "below": 1,
    },
    "fastest_rate": {
        "default": 0.9,
        "help": "The other end of the initial rates; see --slowest-rate.",
        "above": 0,
        "below": 1,
    },
}


@inlined
def step(activations, t, b, vectors, units):
    """Compute one step of one stream."""
    wide_vectors()
    a, rate, h_before, h = activations.gates[t, b], vectors[0], activations.h[t, b], activations.h[t + 1, b]
    for k in range(units):
        u = tanh(a[k])
        a[k] = u
        h[k] = h_before[k] + rate[k] * (u - h_before[k])


@inlined
def step_back(activations, t, b, vectors, d_hs, d_states, d_vectors, units):
    """Backward pass of ``step``; add to ``d_h_before`` the gradient that does not flow through W_hh."""
    wide_vectors()
    one = d_hs.dtype.type(1)
    a, rate, h_before = activations.gates[t, b], vectors[0], activations.h[t, b]
    d_h, d_h_before, d_s = d_hs[t + 1, b], d_hs[t, b], d_vectors[b, 0]
    for k in range(units):
        u, r, d = a[k], rate[k], d_h[k]
        a[k] = d * r * tanh_gradient(u)
        d_s[k] += d * (u - h_before[k]) * sigmoid_gradient(r)
        d_h_before[k] += d * (one - r)


def initial_rates(units: int, slowest_rate: float = 0.02, fastest_rate: float = 0.9) -> FloatArray:
    """Initial s (H,), whose rates form a geometric series from the slowest to the fastest."""
    rates = np.geomspace(slowest_rate, fastest_rate, units)
    return np.log(rates / (1 - rates))


def rates_of(s: FloatArray) -> FloatArray:
    """The rates sigmoid(s), computed without overflow for any s."""
    return (1 + np.tanh(s / 2)) / 2


CELL = Cell(
    gates=1,
    state=("h",),
    activations=RNNActivations,
    step=step,
    step_back=step_back,
    initial_bias=zeros,
    products=(RecurrentProjection(gates=1),),
    vectors=(CellParameter("rate", initial_rates, rates_of),),
)
