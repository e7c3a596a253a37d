"""Stochastic gradient descent with momentum (Polyak 1964; the form of Sutskever et al. 2013 without Nesterov's).

    u = 0.9 u + g
    p = p - rate * u

A gradient that keeps its direction is followed at ten times the rate.
"""

from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import Optimizer

MOMENTUM = 0.9


@jit
def update(parameters, gradient, slots, rate, step, clip, first, last):
    """See ``Optimizer.update``."""
    real = parameters.dtype.type
    scale, limit, pace, keep = real(clip.scale), real(clip.limit), real(rate), real(MOMENTUM)
    velocity = slots[0]
    for k in range(first, last):
        u = keep * velocity[k] + clipped(gradient[k], scale, limit)
        velocity[k] = u
        parameters[k] -= pace * u


OPTIMIZER = Optimizer(slots=("velocity",), update=update, learning_rate=0.5)
