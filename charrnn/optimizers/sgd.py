"""Stochastic gradient descent with momentum (Polyak 1964; the form of Sutskever et al. 2013 without Nesterov's).

    u = momentum u + g
    p = p - rate * u

With a momentum of 0.9, a constant gradient has ten times the effect that it has without momentum.
"""

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

HYPERPARAMETERS = {"momentum": {"default": 0.9, "help": "Momentum.", "least": 0, "below": 1}}


@jit
def update(parameters, gradient, states, hyperparameters, learning_rate, step, clip, first, last):
    """Apply one update; see ``UpdateRule.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit, rate, keep = real(clip.scale), real(clip.limit), real(learning_rate), real(hyperparameters[0])
    p, d, velocity = parameters[first:last], gradient[first:last], states[0, first:last]
    for k in range(p.shape[0]):
        u = keep * velocity[k] + clipped(d[k], scale, limit)
        velocity[k] = u
        p[k] -= rate * u


OPTIMIZER = UpdateRule(states=("velocity",), update=update, learning_rate=0.5, hyperparameters=HYPERPARAMETERS)
