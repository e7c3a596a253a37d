import numpy as np
import pytest

from charrnn.kernels.updates import BLOCK, Clip
from charrnn.model.config import ModelConfig
from charrnn.model.parameters import Parameters
from charrnn.model.workers import Workers
from charrnn.training.optimization import FEW, Optimizer

CONFIG = ModelConfig(vocab_size=40, hidden_size=64)  # more than one block of parameters
LARGE = ModelConfig(vocab_size=40, hidden_size=400)  # enough of them for three threads


def updated(random, threads, config=CONFIG):
    parameters = Parameters(config).initialise(0)
    updater = Optimizer("adam", parameters, Workers(threads))
    gradient = np.asarray(random.normal(size=parameters.vector.size), np.float32)
    norms = []
    for step in range(1, 4):
        norms.append(updater.norm(gradient))
        updater.update(gradient, Clip(0.5, 1.0), 0.01, step)
    return parameters, updater, gradient, norms


@pytest.mark.parametrize("config", [CONFIG, LARGE])
def test_the_norm_is_that_of_the_whole_vector(random, config):
    parameters, _, gradient, norms = updated(random, 2, config)
    assert parameters.vector.size > BLOCK
    assert norms[0] == pytest.approx(np.linalg.norm(gradient.astype(np.float64)), rel=1e-12)


def test_threads_do_not_change_updates():
    results = [updated(np.random.default_rng(1), threads, LARGE) for threads in (1, 2, 3)]
    assert results[0][0].vector.size > 2 * FEW * BLOCK
    assert len({parameters.vector.tobytes() for parameters, *_ in results}) == 1
    assert len({updater.slots.tobytes() for _, updater, *_ in results}) == 1
    assert len({tuple(norms) for *_, norms in results}) == 1


@pytest.mark.parametrize(("decay", "kept"), [(0.5, 0.95), (20.0, 0.0)])
def test_matrices_decay_apart_from_the_gradient(random, decay, kept):
    gradient = np.asarray(random.normal(size=Parameters(CONFIG).vector.size), np.float32)
    decayed, plain = (Parameters(CONFIG).initialise(0) for _ in range(2))
    for name in ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "head.weight"):
        plain[name][:] *= np.float32(kept)
    Optimizer("rmsprop", decayed, Workers(2)).update(gradient, Clip(0.5, 1.0), 0.1, 1, decay)
    Optimizer("rmsprop", plain, Workers(2)).update(gradient, Clip(0.5, 1.0), 0.1, 1)
    assert np.array_equal(decayed.vector, plain.vector)


def test_the_state_survives_a_round_trip(random):
    parameters, updater, *_ = updated(random, 1)
    tensors = updater.to_tensors()
    assert list(tensors) == ["optimizer.first_moment", "optimizer.second_moment"]
    other = Optimizer("adam", parameters, Workers(1))
    other.load_tensors(tensors)
    assert np.array_equal(other.slots, updater.slots)
