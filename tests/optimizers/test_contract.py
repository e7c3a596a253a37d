"""What every optimizer must satisfy; runs over all files of charrnn/optimizers."""

import math

import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.kernels.updates import Clip
from charrnn.optimizers.contract import UpdateRule, find_optimizer
from charrnn.registry import names_in

optimizers = pytest.mark.parametrize("name", names_in("optimizers"))
precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])

NO_CLIP = Clip(1.0, math.inf)


class Run:
    """Parameters, the optimizer's states and the count of updates."""

    def __init__(self, name, parameters):
        self.optimizer = find_optimizer(name)
        self.parameters = parameters.copy()
        self.states = np.zeros((len(self.optimizer.states), parameters.size), parameters.dtype)
        self.step = 0

    def update(self, gradient, clip=NO_CLIP, first=0, last=None, rate=0.01):
        self.step += 1
        last = gradient.size if last is None else last
        defaults = tuple(float(one["default"]) for one in self.optimizer.hyperparameters.values())
        self.optimizer.update(self.parameters, gradient, self.states, defaults, rate, self.step, clip, first, last)

    @property
    def everything(self):
        return np.concatenate([self.parameters[np.newaxis], self.states])


@pytest.fixture
def normal(random):
    return lambda size, dtype: random.normal(size=size).astype(dtype)


def test_names_are_the_files_of_the_folder():
    assert {"adagrad", "adam", "rmsprop", "sgd"} <= set(names_in("optimizers"))
    assert not {"contract", "__init__"} & set(names_in("optimizers"))
    assert names_in("optimizers") == sorted(names_in("optimizers"))


def test_an_unknown_name_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown optimizer 'adamw': choose one of adagrad, adam, rmsprop, sgd"):
        find_optimizer("adamw")
    with pytest.raises(ConfigError, match="'contract'"):
        find_optimizer("contract")


@optimizers
def test_an_optimizer_describes_itself(name):
    optimizer = find_optimizer(name)
    assert isinstance(optimizer, UpdateRule)
    assert len(set(optimizer.states)) == len(optimizer.states)
    assert 0 < optimizer.learning_rate < 1


@optimizers
@precisions
def test_only_the_elements_given_are_touched_and_they_as_in_a_whole_update(normal, name, dtype):
    size, first, last = 103, 13, 79
    start = normal(size, dtype)
    whole, part = Run(name, start), Run(name, start)
    for _ in range(3):
        gradient = normal(size, dtype)
        whole.update(gradient)
        part.update(gradient, first=first, last=last)
    np.testing.assert_allclose(part.everything[:, first:last], whole.everything[:, first:last], rtol=1e-6)
    for outside in (slice(first), slice(last, None)):
        assert np.array_equal(part.parameters[outside], start[outside])
        assert not part.states[:, outside].any()
    assert (part.parameters[first:last] != start[first:last]).all()
    before = part.everything
    part.update(gradient, first=first, last=first)
    assert np.array_equal(part.everything, before)


@optimizers
@precisions
def test_the_gradient_is_scaled_then_limited(normal, name, dtype):
    start = normal(101, dtype)
    clipping, given = Run(name, start), Run(name, start)
    for _ in range(3):
        gradient = normal(101, dtype)
        limit = np.array(0.3, dtype)
        assert (np.abs(gradient * 0.5) > limit).any()
        before = gradient.copy()
        clipping.update(gradient, Clip(0.5, 0.3))
        assert np.array_equal(gradient, before)
        given.update(np.clip(gradient / 2, -limit, limit))
    assert np.array_equal(clipping.everything, given.everything)


@optimizers
@precisions
def test_a_nan_stays_where_it_is_and_is_not_clipped_away(normal, name, dtype):
    run = Run(name, normal(50, dtype))
    gradient = normal(50, dtype)
    gradient[17] = np.nan
    run.update(gradient, Clip(0.5, 0.3))
    assert np.array_equal(np.flatnonzero(np.isnan(run.parameters)), [17])


@optimizers
@precisions
def test_a_zero_gradient_from_the_start_moves_nothing(normal, name, dtype):
    start = normal(50, dtype)
    run = Run(name, start)
    run.update(np.zeros(50, dtype))
    assert np.array_equal(run.parameters, start)
    assert not run.states.any()


@optimizers
@precisions
def test_a_rate_of_zero_moves_no_parameter(normal, name, dtype):
    start = normal(50, dtype)
    run = Run(name, start)
    run.update(normal(50, dtype), rate=0.0)
    assert np.array_equal(run.parameters, start)
    assert run.states.any()


@optimizers
@precisions
def test_a_quadratic_is_solved_at_the_optimizers_own_rate(normal, name, dtype):
    target, curvature = normal(20, dtype), np.linspace(0.1, 1, 20).astype(dtype)
    run = Run(name, target + np.dtype(dtype).type(0.2) * np.sign(normal(20, dtype)))

    def loss():
        return float((curvature * (run.parameters - target) ** 2).sum() / 2)

    start = loss()
    for _ in range(600):
        run.update(curvature * (run.parameters - target), rate=run.optimizer.learning_rate)
    assert loss() < start / 1000
