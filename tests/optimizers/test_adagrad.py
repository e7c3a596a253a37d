import math

import numpy as np
import pytest

from charrnn.kernels.updates import Clip
from charrnn.optimizers.adagrad import OPTIMIZER

DEFAULTS = tuple(one["default"] for one in OPTIMIZER.hyperparameters.values())


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_updates_follow_the_formula(random, dtype, bound):
    p = random.normal(size=37).astype(dtype)
    states = np.zeros((1, 37), dtype)
    wanted = p.astype("float64")
    s = np.zeros(37)
    for step in range(1, 21):
        gradient, rate = random.normal(0, 10.0 ** random.uniform(-3, 3), 37).astype(dtype), 0.01 / step
        OPTIMIZER.update(p, gradient, states, DEFAULTS, rate, step, Clip(1.0, math.inf), 0, 37)
        g = gradient.astype("float64")
        s += g**2
        wanted -= rate * g / (np.sqrt(s) + 1e-8)
        np.testing.assert_allclose(p, wanted, rtol=bound, atol=bound)
        np.testing.assert_allclose(states[0], s, rtol=bound)


def test_states():
    assert OPTIMIZER.states == ("square_sum",)
