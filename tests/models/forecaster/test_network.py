import numpy as np
import pytest
from slopes import check_gradients, noisy

from charrnn.kinds.config import find_kind, make_config
from charrnn.registry import names_in
from charrnn.text.batches import Batch
from charrnn.workers import Workers

T, B = 6, 5
LENGTHS = np.array([6, 1, 4, 0, 3])
COLUMNS = {"column_names": ("a", "b", "y"), "means": (1.0, 2.0, 3.0), "deviations": (1.0, 0.5, 2.0)}


def config_of(model, **shape):
    return make_config(7, task="series", model=model, **{"hidden_size": 5, "precision": "float64", **COLUMNS, **shape})


def batch_of(random, config):
    """Rows of several steps for a recurrent network; windows are of one step."""
    steps, lengths = (T, LENGTHS) if config.model == "rnn" else (1, np.minimum(LENGTHS, 1))
    inputs, targets = random.normal(size=(steps, B, config.width)), random.normal(size=(steps, B))
    weights = (np.arange(steps)[:, np.newaxis] < lengths).astype(np.float32)
    return Batch(inputs.astype(config.dtype), targets.astype(config.dtype), weights)


def learner_of(config, random, threads=1):
    parameters = config.kind.parameters(config).initialise(1)
    noisy(parameters, random)
    return config.kind.learner(parameters, Workers(threads), T, B)


SHAPES = [
    ("narx", {}),
    ("narx", {"lags": 3, "dropout": 0.4}),
    ("tdnn", {"lags": 4}),
    ("rnn", {}),
    ("rnn", {"num_layers": 3, "lags": 2, "dropout": 0.4}),
    *(("rnn", {"cell": cell, "num_layers": 2}) for cell in names_in("cells")),
]


@pytest.mark.parametrize(("model", "shape"), SHAPES, ids=str)
def test_the_gradient_of_every_tensor_is_the_slope_of_the_loss(random, model, shape):
    config = config_of(model, **shape)
    learner, batch = learner_of(config, random), batch_of(random, config)
    check_gradients(random, learner, lambda own: own.loss_and_gradient(batch, [], dropout_seed=5))


@pytest.mark.parametrize("model", ["narx", "tdnn", "rnn"])
def test_the_loss_is_the_mean_squared_error_of_what_counts(random, model):
    config = config_of(model)
    learner, batch = learner_of(config, random), batch_of(random, config)
    loss = learner.loss_and_gradient(batch, [])
    outputs = learner.network.run(batch.inputs, learner.network.buffers(*batch.targets.shape))
    counted = batch.weights > 0
    assert loss == pytest.approx(np.mean((outputs - batch.targets)[counted] ** 2), rel=1e-12)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("model", ["narx", "tdnn", "rnn"])
def test_a_row_alone_is_the_same_as_in_a_batch(random, model, precision):
    config = config_of(model, precision=precision)
    network, batch = learner_of(config, random).network, batch_of(random, config)
    steps = len(batch.inputs)
    together = network.run(batch.inputs, network.buffers(steps, B))
    for row in range(B):
        length = max(1, int(LENGTHS[row])) if model == "rnn" else 1
        alone = network.run(batch.inputs[:length, row : row + 1], network.buffers(length, 1))
        assert np.array_equal(alone[:, 0], together[:length, row])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("model", ["narx", "tdnn", "rnn"])
def test_threads_change_nothing(model, precision):
    config = config_of(model, precision=precision, dropout=0.2)
    gradients = []
    for threads in (1, 2, 3):
        learner = learner_of(config, np.random.default_rng(3), threads)
        loss = learner.loss_and_gradient(batch_of(np.random.default_rng(4), config), [], dropout_seed=3)
        gradients.append((loss, learner.gradient.vector.tobytes()))
    assert gradients[0] == gradients[1] == gradients[2]


@pytest.mark.parametrize(("model", "shape"), [("narx", {}), ("tdnn", {}), *(s for s in SHAPES if "cell" in s[1])])
def test_tensors_come_back_from_a_checkpoint(random, model, shape):
    config = config_of(model, **shape)
    parameters = learner_of(config, random).network.parameters
    kind, tensors = find_kind(model, "series"), parameters.to_tensors()
    kind.check_fit(config, tensors)
    loaded, x = kind.load(config, tensors, Workers()), batch_of(random, config).inputs
    original = kind.load(config, kind.parameters(config).load_tensors(tensors).to_tensors(), Workers())
    buffers = [network.buffers(*x.shape[:2]) for network in (loaded, original)]
    assert np.array_equal(loaded.run(x, buffers[0]), original.run(x, buffers[1]))


def test_a_series_read_step_by_step_is_one_read_at_once(random):
    config = config_of("rnn", num_layers=2)
    network, x = learner_of(config, random).network, random.normal(size=(T, config.width))
    outputs, after = network.follow(x)
    state = [tuple(np.zeros((1, 5)) for _ in layer) for layer in after]
    for step in range(T):
        assert network.step(x[step : step + 1], state)[0] == outputs[step]
        for layer, whole in zip(state, after, strict=True):
            assert all(np.array_equal(own[0], all_steps[step]) for own, all_steps in zip(layer, whole, strict=True))
