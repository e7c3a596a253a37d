import numpy as np
import pytest
from slopes import check_gradients, noisy

from charrnn.errors import CheckpointError, ConfigError
from charrnn.kinds.config import config_from, make_config
from charrnn.models.conditional.network import LABELS, ConditionalLearner, ConditionalNetwork, ConditionalParameters
from charrnn.registry import names_in
from charrnn.text.batches import Batch
from charrnn.workers import Workers

V, T = 7, 6
END = V - 1
LENGTHS = np.array([6, 1, 4, 0, 3], np.int32)
NAMES = ("a", "b", "c")


def config_of(**shape):
    options = {"hidden_size": 5, "embedding_size": 4, "precision": "float64", **shape}
    return make_config(V, task="conditional", labels=NAMES, label_counts=(1, 2, 3), end_symbol=True, **options)


def parameters_of(config, random):
    parameters = ConditionalParameters(config).initialise(1)
    noisy(parameters, random)
    return parameters


def batch_of(random, lengths=LENGTHS):
    """Of rows that begin with END."""
    x = random.integers(END, size=(T, len(lengths)), dtype=np.int32)
    x[0] = END
    y = random.integers(V, size=(T, len(lengths)), dtype=np.int32)
    is_row = np.arange(T)[:, np.newaxis] < lengths
    x[~is_row], y[~is_row] = 0, 0
    labels = random.integers(len(NAMES), size=(1, len(lengths)), dtype=np.int32)
    return Batch(np.concatenate([labels, x]), y, is_row.astype(np.float32), lengths=lengths)


SHAPES = [
    {},
    {"num_layers": 2, "dropout": 0.4},
    {"num_layers": 2, "embedding_size": 0, "skip_connections": True, "learn_initial_state": True},
    {"embedding_size": -1, "tie_embedding": True},
    *({"cell": cell} for cell in names_in("cells")),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_of_every_tensor_is_the_slope_of_the_loss(random, shape):
    config, batch = config_of(**shape), batch_of(random)
    network = ConditionalNetwork(parameters_of(config, random), Workers(2), training=True)

    def loss_of(own):
        return own.loss_and_gradient(batch, network.initial_state(len(LENGTHS)), dropout_seed=5)

    check_gradients(random, ConditionalLearner(network, T, len(LENGTHS)), loss_of)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_threads_change_nothing_and_a_shorter_batch_may_follow_a_longer_one(random, precision):
    config, batch = config_of(num_layers=2, precision=precision), batch_of(random)
    short = Batch(batch.inputs[:4], batch.targets[:3], batch.weights[:3], lengths=np.minimum(LENGTHS, 3))
    found = []
    for threads in (1, 2, 3):
        network = ConditionalNetwork(ConditionalParameters(config).initialise(1), Workers(threads), training=True)
        learner, state = ConditionalLearner(network, T, len(LENGTHS)), network.initial_state(len(LENGTHS))
        for each in (batch, short, batch):
            loss = learner.loss_and_gradient(each, state, dropout_seed=3)
            found.append((loss, learner.gradient.vector.tobytes()))
    assert found[:3] == found[3:6] == found[6:]
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("shape", [{}, {"num_layers": 2, "skip_connections": True}, {"embedding_size": 0}], ids=str)
def test_the_model_of_one_label_predicts_as_the_whole_does_for_it(random, shape):
    config, batch = config_of(**shape), batch_of(random, np.full(3, T, np.int32))
    network = ConditionalNetwork(parameters_of(config, random))
    x = np.ascontiguousarray(batch.inputs[1:])
    for number, label in enumerate(NAMES):
        alone, logits = network.of_label(label), []
        for each in (network, alone):
            buffers = each.buffers(T, 3)
            if each is network:
                buffers.classes[:] = number
            logits.append(each.run(x, each.initial_state(3), buffers).logits[..., :V].copy())
        assert np.allclose(*logits, rtol=1e-12, atol=1e-12)
        assert alone.config.task == "text"
    with pytest.raises(ConfigError, match="one that the model has learned, a, b, c, not 'd'"):
        network.of_label("d")


def test_tensors_come_back_from_a_checkpoint(random):
    config = config_of(num_layers=2, cell="gru")
    parameters = parameters_of(config, random)
    tensors = parameters.to_tensors()
    assert tensors[LABELS].shape == (3, 15)
    assert ConditionalParameters(config).load_tensors(tensors).to_tensors()[LABELS].tobytes() == (
        parameters[LABELS].tobytes()
    )
    assert config_from(config.to_dict()) == config
    with pytest.raises(CheckpointError, match=r"no tensor label\.weight"):
        config.kind.check_fit(config, {name: tensor for name, tensor in tensors.items() if name != LABELS})


@pytest.mark.parametrize("counts", [(1, 2), (0, 0, 0), (1, 2, -1), (1, 2, "3"), (1.5, 2, 3)])
def test_labels_and_their_counts_are_checked(counts):
    with pytest.raises(ConfigError, match="label_counts must be a count for each label"):
        make_config(V, task="conditional", labels=NAMES, label_counts=counts, end_symbol=True)
    with pytest.raises(ConfigError, match="labels must be different texts"):
        make_config(V, task="conditional", labels=("a", "a"), label_counts=(1, 1), end_symbol=True)
