import numpy as np
import pytest
from slopes import check_gradients, noisy

from charrnn.kinds.config import make_config
from charrnn.models.classifier.network import Classifier, ClassifierLearner, ClassifierParameters
from charrnn.registry import names_in
from charrnn.text.batches import Batch
from charrnn.workers import Workers

V, C, T = 7, 3, 6
LENGTHS = np.array([6, 1, 4, 0, 3], np.int32)
LABELS = ("a", "b", "c")


def config_of(**shape):
    options = {"hidden_size": 5, "embedding_size": 4, "precision": "float64", **shape}
    return make_config(V, task="label", labels=LABELS, end_symbol=True, **options)


def batch_of(random, lengths=LENGTHS):
    x = random.integers(V, size=(T, len(lengths)), dtype=np.int32)
    x[np.arange(T)[:, np.newaxis] >= lengths] = 0
    labels = random.integers(C, size=(1, len(lengths)), dtype=np.int32)
    return Batch(x, labels, (lengths > 0)[np.newaxis].astype(np.float32), lengths=lengths)


def learner_of(config, random, threads=1):
    parameters = ClassifierParameters(config).initialise(1)
    noisy(parameters, random)
    return ClassifierLearner(Classifier(parameters, Workers(threads), training=True), T, len(LENGTHS))


SHAPES = [
    {},
    {"directions": 1},
    {"num_layers": 2},
    {"num_layers": 3, "directions": 1},
    {"num_layers": 3, "embedding_size": 0},
    {"num_layers": 2, "dropout": 0.4},
    {"dropout": 0.4, "symbol_dropout": 0.3, "label_smoothing": 0.2},
    *({"cell": cell, "num_layers": 2} for cell in names_in("cells")),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_of_every_tensor_is_the_slope_of_the_loss(random, shape):
    learner, batch = learner_of(config_of(**shape), random), batch_of(random)
    check_gradients(random, learner, lambda own: own.loss_and_gradient(batch, [], dropout_seed=5))


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_row_alone_is_the_same_as_in_a_batch_with_padding(random, directions, precision):
    config = config_of(directions=directions, num_layers=2, precision=precision)
    network = Classifier(ClassifierParameters(config).initialise(1))
    batch = batch_of(random)
    together = network.run(batch.inputs, batch.lengths)
    for at, length in enumerate(LENGTHS):
        alone = network.run(batch.inputs[: max(1, length), at : at + 1], LENGTHS[at : at + 1])
        assert np.array_equal(alone[0], together[at])
    assert np.allclose(np.exp(together).sum(axis=1), 1)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_threads_change_nothing(random, precision):
    config, batch = config_of(num_layers=2, precision=precision), batch_of(random)
    gradients = []
    for threads in (1, 2, 3):
        learner = ClassifierLearner(
            Classifier(ClassifierParameters(config).initialise(1), Workers(threads), training=True), T, len(LENGTHS)
        )
        loss = learner.loss_and_gradient(batch, [], dropout_seed=3)
        gradients.append((loss, learner.gradient.vector.tobytes()))
    assert gradients[0] == gradients[1] == gradients[2]


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-peephole", "rnn"])
def test_tensors_come_back_from_pytorchs_layout(random, cell):
    config = config_of(num_layers=2, cell=cell)
    parameters = ClassifierParameters(config).initialise(4)
    tensors = parameters.to_tensors()
    assert tensors["rnn.weight_ih_l1_reverse"].shape[1] == 2 * 5
    loaded = ClassifierParameters(config).load_tensors(tensors)
    assert loaded.vector.tobytes() == parameters.vector.tobytes()
