"""RMSprop (Hinton, Srivastava and Swersky 2012, lecture 6e).

    v = decay v + (1 - decay) g^2
    p = p - rate * g / (sqrt(v) + epsilon)

Unlike Adagrad's sum, the mean forgets old gradients.
"""

import numpy as np

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit
from charrnn.kernels.updates import clipped
from charrnn.optimizers.contract import UpdateRule

HYPERPARAMETERS = {
    "square_decay": {"default": 0.95, "help": "Decay of RMSprop's mean of squares.", "least": 0, "below": 1},
    "epsilon": {"default": 1e-8, "help": "Added to the denominator of the update.", "above": 0},
}


@jit
def update(parameters, gradient, states, hyperparameters, learning_rate, step, clip, first, last):
    """Apply one update; see ``UpdateRule.update``."""
    wide_vectors()
    real = parameters.dtype.type
    scale, limit, rate = real(clip.scale), real(clip.limit), real(learning_rate)
    decay = hyperparameters[0]
    keep, add, epsilon = real(decay), real(1 - decay), real(hyperparameters[1])
    p, d, mean_square = parameters[first:last], gradient[first:last], states[0, first:last]
    for k in range(p.shape[0]):
        g = clipped(d[k], scale, limit)
        v = keep * mean_square[k] + add * g * g
        mean_square[k] = v
        p[k] -= rate * g / (np.sqrt(v) + epsilon)


OPTIMIZER = UpdateRule(
    states=("mean_square",), update=update, learning_rate=0.002, hyperparameters=HYPERPARAMETERS, normalises=True
)
