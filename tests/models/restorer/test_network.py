import numpy as np
import pytest
from slopes import check_gradients, noisy

from charrnn.kernels.processor import BFLOAT16
from charrnn.kinds.config import make_config
from charrnn.models.restorer.learner import RestorerLearner
from charrnn.models.restorer.network import Restorer
from charrnn.models.restorer.parameters import RestorerParameters
from charrnn.registry import names_in
from charrnn.text.batches import Batch
from charrnn.workers import Workers

NEEDS_BF16 = pytest.mark.skipif(not BFLOAT16, reason="this processor cannot train in bf16")
V, C, T = 7, 4, 6
LENGTHS = np.array([6, 1, 4, 0, 3], np.int32)
CLASSES = ("", "a", "b", "c")


def config_of(**shape):
    options = {"hidden_size": 5, "embedding_size": 4, "precision": "float64", **shape}
    return make_config(V, task="accents", classes=CLASSES, **options)


def batch_of(random, lengths=LENGTHS):
    x = random.integers(V, size=(T, len(lengths)), dtype=np.int32)
    is_padding = np.arange(T)[:, np.newaxis] >= lengths
    x[is_padding] = 0
    answers = random.integers(C, size=x.shape, dtype=np.int32)
    weights = (random.random(x.shape) < 0.7).astype(np.float32)
    weights[is_padding] = 0
    return Batch(x, answers, weights, lengths=lengths)


def learner_of(config, random, threads=1):
    parameters = RestorerParameters(config).initialise(1)
    noisy(parameters, random)
    return RestorerLearner(Restorer(parameters, Workers(threads), training=True), T, len(LENGTHS))


SHAPES = [
    {},
    {"directions": 1},
    {"num_layers": 2},
    {"feedback": True},
    {"feedback": True, "directions": 1, "num_layers": 2},
    {"feedback": True, "dropout": 0.4, "num_layers": 2},
    {"num_layers": 3, "embedding_size": 0, "directions": 1},
    *({"cell": cell, "num_layers": 2, "feedback": True} for cell in names_in("cells")),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_of_every_tensor_is_the_slope_of_the_loss(random, shape):
    learner, batch = learner_of(config_of(**shape), random), batch_of(random)
    check_gradients(random, learner, lambda own: own.loss_and_gradient(batch, [], dropout_seed=5))


def free(x):
    """No answers are given, all are possible."""
    return np.zeros_like(x), np.zeros(x.shape, bool), np.ones((V, C), bool)


@pytest.mark.parametrize("shape", [{}, {"directions": 1}, {"feedback": True}], ids=str)
@pytest.mark.parametrize("precision", ["float32", "float64", "bf16"])
def test_a_row_alone_is_the_same_as_in_a_batch_with_padding(random, shape, precision):
    config = config_of(num_layers=2, precision=precision, **shape)
    network = Restorer(RestorerParameters(config).initialise(1))
    batch = batch_of(random)
    together = network.run(batch.inputs, batch.lengths, *free(batch.inputs))
    for at, length in enumerate(LENGTHS):
        x = batch.inputs[: max(1, length), at : at + 1]
        alone = network.run(x, LENGTHS[at : at + 1], *free(x))
        assert np.array_equal(alone[:length, 0], together[:length, at])
    assert np.allclose(np.exp(together).sum(axis=2), 1)


@pytest.mark.parametrize("feedback", [False, True])
def test_an_answer_that_is_not_possible_has_no_probability(random, feedback):
    config = config_of(feedback=feedback)
    network, x = Restorer(RestorerParameters(config).initialise(1)), batch_of(random).inputs
    given, is_given, possible = free(x)
    possible[3] = [True, False, True, False]
    found = np.exp(network.run(x, LENGTHS, given, is_given, possible))
    assert np.allclose(found.sum(axis=2), 1)
    assert (found[x == 3][:, [1, 3]] == 0).all()
    assert (found[x != 3] > 0).all()


def test_right_answers_that_are_read_give_the_loss_of_training(random):
    batch, config = batch_of(random), config_of(feedback=True, num_layers=2)
    learner = learner_of(config, random)
    found = learner.network.run(
        batch.inputs, batch.lengths, batch.targets, np.ones(batch.inputs.shape, bool), free(batch.inputs)[2]
    )
    own = np.take_along_axis(found, batch.targets[..., np.newaxis], axis=2)[..., 0]
    loss = -(own * batch.weights).sum() / batch.weights.sum()
    assert learner.loss_and_gradient(batch, []) == pytest.approx(loss)


@pytest.mark.parametrize("precision", ["float32", "float64", pytest.param("bf16", marks=NEEDS_BF16)])
@pytest.mark.parametrize("feedback", [False, True])
def test_threads_change_nothing(random, precision, feedback):
    config, batch = config_of(num_layers=2, precision=precision, feedback=feedback), batch_of(random)
    gradients, answers = [], []
    for threads in (1, 2, 3):
        parameters, workers = RestorerParameters(config).initialise(1), Workers(threads)
        learner = RestorerLearner(Restorer(parameters, workers, training=True), T, len(LENGTHS))
        loss = learner.loss_and_gradient(batch, [], dropout_seed=3)
        gradients.append((loss, learner.gradient.vector.tobytes()))
        found = Restorer(parameters, workers).run(batch.inputs, batch.lengths, *free(batch.inputs))
        answers.append(found[batch.weights > 0].tobytes())
    assert gradients[0] == gradients[1] == gradients[2]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-peephole", "rnn"])
@pytest.mark.parametrize("feedback", [False, True])
def test_tensors_come_back_from_pytorchs_layout(random, cell, feedback):
    config = config_of(num_layers=2, cell=cell, feedback=feedback)
    parameters = RestorerParameters(config).initialise(4)
    tensors = parameters.to_tensors()
    assert tensors["rnn.weight_ih_l1_reverse"].shape[1] == 2 * 5
    assert tensors["head.weight"].shape == (C, 15 if feedback else 10)
    loaded = RestorerParameters(config).load_tensors(tensors)
    assert loaded.vector.tobytes() == parameters.vector.tobytes()
