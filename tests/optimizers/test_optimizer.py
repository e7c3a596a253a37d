import math

import numpy as np
import pytest

from charrnn.kernels.updates import BLOCK
from charrnn.kinds.config import make_config
from charrnn.models.language.parameters import LanguageParameters
from charrnn.optimizers.optimizer import FEW, Optimizer
from charrnn.workers import Workers

CONFIG = make_config(40, hidden_size=64)  # more than one block of parameters
LARGE = make_config(40, hidden_size=400)  # enough of them for three threads


def begun(name="adam", threads=1, config=CONFIG, **hyperparameters):
    parameters = LanguageParameters(config).initialise(0)
    workers = Workers(threads)
    return parameters, Optimizer(name, parameters.vector, parameters.decaying, workers, hyperparameters)


def gradient_of(parameters, random):
    return np.asarray(random.normal(size=parameters.vector.size), np.float32)


@pytest.mark.parametrize("config", [CONFIG, LARGE])
def test_the_norm_is_that_of_the_whole_vector(random, config):
    parameters, optimizer = begun(threads=2, config=config)
    gradient = gradient_of(parameters, random)
    assert optimizer.clip_and_update(gradient, 0.01, 1)
    assert parameters.vector.size > BLOCK
    assert optimizer.norm == pytest.approx(np.linalg.norm(gradient.astype(np.float64)), rel=1e-12)


def test_threads_do_not_change_updates():
    results = []
    for threads in (1, 2, 3):
        (parameters, optimizer), random = begun(threads=threads, config=LARGE), np.random.default_rng(1)
        norms = []
        for step in range(1, 4):
            optimizer.clip_and_update(gradient_of(parameters, random), 0.01, step, clip_norm=1.0, weight_decay=0.1)
            norms.append(optimizer.norm)
        results.append((parameters.vector.tobytes(), optimizer.states.tobytes(), tuple(norms)))
    assert parameters.vector.size > 2 * FEW * BLOCK
    assert len(set(results)) == 1


@pytest.mark.parametrize(
    ("clip_norm", "clip_value", "wanted"),
    [(0, 0, [3, -4]), (10, 0, [3, -4]), (1, 0, [0.6, -0.8]), (0, 3.5, [3, -3.5]), (1, 0.7, [0.6, -0.7])],
)
def test_the_norm_is_clipped_and_then_each_element(clip_norm, clip_value, wanted):
    vector = np.zeros(2)
    optimizer = Optimizer("sgd", vector, [], Workers())
    optimizer.clip_and_update(np.array([3.0, -4.0]), 1.0, 1, clip_norm=clip_norm, clip_value=clip_value)
    np.testing.assert_allclose(vector, np.negative(wanted), rtol=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(random, bad):
    parameters, optimizer = begun()
    gradient, before = gradient_of(parameters, random), parameters.vector.copy()
    gradient[7] = bad
    assert not optimizer.clip_and_update(gradient, 0.1, 1, clip_norm=1.0, weight_decay=0.5)
    assert np.array_equal(parameters.vector, before)
    assert not optimizer.states.any()


@pytest.mark.parametrize(("decay", "kept"), [(0.5, 0.95), (20.0, 0.0)])
def test_matrices_decay_apart_from_the_gradient(random, decay, kept):
    decayed, plain = begun("rmsprop", 2), begun("rmsprop", 2)
    gradient = gradient_of(decayed[0], random)
    for name in ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "head.weight"):
        plain[0][name][:] *= np.float32(kept)
    decayed[1].clip_and_update(gradient, 0.1, 1, weight_decay=decay)
    plain[1].clip_and_update(gradient, 0.1, 1)
    assert np.array_equal(decayed[0].vector, plain[0].vector)


def test_the_state_survives_a_round_trip(random):
    parameters, optimizer = begun()
    optimizer.clip_and_update(gradient_of(parameters, random), 0.01, 1)
    tensors = optimizer.to_tensors()
    assert list(tensors) == ["optimizer.first_moment", "optimizer.second_moment"]
    _, other = begun()
    other.load_tensors(tensors)
    assert np.array_equal(other.states, optimizer.states)


def test_hyperparameters_that_are_given_take_the_place_of_the_defaults(random):
    vector = np.zeros(1)
    optimizer = Optimizer("sgd", vector, [], Workers(), {"momentum": 0.5})
    for step in (1, 2):
        optimizer.clip_and_update(np.ones(1), 1.0, step)
    assert vector[0] == -(1 + 1.5)
