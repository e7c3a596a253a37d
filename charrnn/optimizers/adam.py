"""Adam (Kingma and Ba 2015), without weight decay.

    m = 0.9 m + 0.1 g          v = 0.99 v + 0.01 g^2
    p = p - rate * (m / (1 - 0.9^step)) / (sqrt(v / (1 - 0.99^step)) + 1e-8)

The second average forgets faster than the paper's 0.999: a recurrent network's gradients change scale quickly.
"""

import numpy as np

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.99, 1e-8


@jit
def update(parameters, gradient, slots, rate, step, clip, first, last):
    """See ``Optimizer.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit = real(clip.scale), real(clip.limit)
    keep1, keep2 = real(FIRST_DECAY), real(SECOND_DECAY)
    add1, add2 = real(1 - FIRST_DECAY), real(1 - SECOND_DECAY)
    root = np.sqrt(1 - SECOND_DECAY**step)
    pace = real(rate * root / (1 - FIRST_DECAY**step))
    epsilon = real(EPSILON * root)
    p, d = parameters[first:last], gradient[first:last]
    first_moment, second_moment = slots[0, first:last], slots[1, first:last]
    for k in range(p.shape[0]):
        g = clipped(d[k], scale, limit)
        m = keep1 * first_moment[k] + add1 * g
        v = keep2 * second_moment[k] + add2 * g * g
        first_moment[k] = m
        second_moment[k] = v
        p[k] -= pace * m / (np.sqrt(v) + epsilon)


OPTIMIZER = UpdateRule(slots=("first_moment", "second_moment"), update=update, learning_rate=0.01)
