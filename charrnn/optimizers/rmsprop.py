"""RMSprop (Hinton, Srivastava and Swersky 2012, lecture 6e).

    v = 0.95 v + 0.05 g^2
    p = p - rate * g / (sqrt(v) + 1e-8)

The mean forgets old gradients, which Adagrad's sum does not.
"""

import numpy as np

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

DECAY, EPSILON = 0.95, 1e-8


@jit
def update(parameters, gradient, slots, rate, step, clip, first, last):
    """See ``Optimizer.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit, pace = real(clip.scale), real(clip.limit), real(rate)
    keep, add, epsilon = real(DECAY), real(1 - DECAY), real(EPSILON)
    p, d, mean_square = parameters[first:last], gradient[first:last], slots[0, first:last]
    for k in range(p.shape[0]):
        g = clipped(d[k], scale, limit)
        v = keep * mean_square[k] + add * g * g
        mean_square[k] = v
        p[k] -= pace * g / (np.sqrt(v) + epsilon)


OPTIMIZER = UpdateRule(slots=("mean_square",), update=update, learning_rate=0.002)
