"""Adam (Kingma and Ba 2015), without weight decay.

    m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
    p = p - rate * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon)

Beta2 defaults to 0.99 instead of the paper's 0.999, as a recurrent network's gradients change scale quickly.
"""

import numpy as np

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

HYPERPARAMETERS = {
    "beta1": {"default": 0.9, "help": "Decay of the mean of gradients.", "least": 0, "below": 1},
    "beta2": {"default": 0.99, "help": "Decay of the mean of squared gradients.", "least": 0, "below": 1},
    "epsilon": {"default": 1e-8, "help": "Added to the denominator of the update.", "above": 0},
}


@jit
def update(parameters, gradient, states, hyperparameters, learning_rate, step, clip, first, last):
    """Apply one update; see ``UpdateRule.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit = real(clip.scale), real(clip.limit)
    beta1, beta2, epsilon = hyperparameters
    keep1, keep2 = real(beta1), real(beta2)
    add1, add2 = real(1 - beta1), real(1 - beta2)
    root = np.sqrt(1 - beta2**step)
    rate = real(learning_rate * root / (1 - beta1**step))
    small = real(epsilon * root)
    p, d = parameters[first:last], gradient[first:last]
    first_moment, second_moment = states[0, first:last], states[1, first:last]
    for k in range(p.shape[0]):
        g = clipped(d[k], scale, limit)
        m = keep1 * first_moment[k] + add1 * g
        v = keep2 * second_moment[k] + add2 * g * g
        first_moment[k] = m
        second_moment[k] = v
        p[k] -= rate * m / (np.sqrt(v) + small)


OPTIMIZER = UpdateRule(
    states=("first_moment", "second_moment"),
    update=update,
    learning_rate=0.01,
    hyperparameters=HYPERPARAMETERS,
    normalises=True,
)
