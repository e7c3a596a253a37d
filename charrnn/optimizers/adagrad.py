"""Adagrad (Duchi, Hazan and Singer 2011).

    s = s + g^2
    p = p - rate * g / (sqrt(s) + epsilon)

As the sum only grows, each parameter's effective learning rate only falls.
"""

import numpy as np

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

HYPERPARAMETERS = {"epsilon": {"default": 1e-8, "help": "Added to the denominator of the update.", "above": 0}}


@jit
def update(parameters, gradient, states, hyperparameters, learning_rate, step, clip, first, last):
    """Apply one update; see ``UpdateRule.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit, rate, epsilon = real(clip.scale), real(clip.limit), real(learning_rate), real(hyperparameters[0])
    p, d, square_sum = parameters[first:last], gradient[first:last], states[0, first:last]
    for k in range(p.shape[0]):
        g = clipped(d[k], scale, limit)
        s = square_sum[k] + g * g
        square_sum[k] = s
        p[k] -= rate * g / (np.sqrt(s) + epsilon)


OPTIMIZER = UpdateRule(
    states=("square_sum",), update=update, learning_rate=0.02, hyperparameters=HYPERPARAMETERS, normalises=True
)
