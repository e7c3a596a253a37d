"""Stochastic gradient descent with momentum (Polyak 1964; the form of Sutskever et al. 2013 without Nesterov's).

    u = 0.9 u + g
    p = p - rate * u

A gradient that keeps its direction is followed at ten times the rate.
"""

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

MOMENTUM = 0.9


@jit
def update(parameters, gradient, slots, rate, step, clip, first, last):
    """See ``Optimizer.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit, pace, keep = real(clip.scale), real(clip.limit), real(rate), real(MOMENTUM)
    p, d, velocity = parameters[first:last], gradient[first:last], slots[0, first:last]
    for k in range(p.shape[0]):
        u = keep * velocity[k] + clipped(d[k], scale, limit)
        velocity[k] = u
        p[k] -= pace * u


OPTIMIZER = UpdateRule(slots=("velocity",), update=update, learning_rate=0.5)
