import math

import numpy as np
import pytest

from charrnn.kernels.updates import Clip
from charrnn.optimizers.adam import OPTIMIZER

DEFAULTS = tuple(one["default"] for one in OPTIMIZER.hyperparameters.values())


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_updates_follow_the_formula(random, dtype, bound):
    p = random.normal(size=37).astype(dtype)
    states = np.zeros((2, 37), dtype)
    wanted = p.astype("float64")
    m, v = np.zeros(37), np.zeros(37)
    for step in range(1, 21):
        gradient, rate = random.normal(0, 10.0 ** random.uniform(-3, 3), 37).astype(dtype), 0.01 / step
        OPTIMIZER.update(p, gradient, states, DEFAULTS, rate, step, Clip(1.0, math.inf), 0, 37)
        g = gradient.astype("float64")
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        wanted -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
        np.testing.assert_allclose(p, wanted, rtol=bound, atol=bound)
        np.testing.assert_allclose(states[0], m, rtol=bound, atol=bound * np.abs(m).max())
        np.testing.assert_allclose(states[1], v, rtol=bound)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_the_first_step_has_the_length_of_the_rate(size):
    p = np.zeros(2)
    OPTIMIZER.update(p, np.array([size, -size]), np.zeros((2, 2)), DEFAULTS, 0.01, 1, Clip(1.0, math.inf), 0, 2)
    np.testing.assert_allclose(p, [-0.01, 0.01], rtol=1e-4)


def test_states():
    assert OPTIMIZER.states == ("first_moment", "second_moment")
