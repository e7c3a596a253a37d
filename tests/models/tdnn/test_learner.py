import numpy as np
import pytest
import reference

from charrnn.kinds.config import make_config
from charrnn.models.tdnn.network import TDNN, TDNNLearner, TDNNParameters
from charrnn.text.batches import Batch
from charrnn.workers import Workers

SHAPES = [{}, {"embedding_size": 0}, {"embedding_size": 3}, {"context_size": 1}]


@pytest.fixture
def make(random):
    def make(**shape):
        shape = {"vocab_size": 5, "hidden_size": 7, "context_size": 4, "precision": "float64"} | shape
        parameters = TDNNParameters(make_config(model="tdnn", **shape)).initialise(0)
        for tensor in parameters.tensors.values():
            tensor[:] += random.normal(0, 0.3, tensor.shape)
        return parameters

    return make


def window(random, config, steps=6, streams=3):
    """Ids x and y, and a state of which one stream has just begun."""
    x, y = random.integers(0, config.vocab_size, (2, steps, streams)).astype(np.int32)
    context = random.integers(0, config.vocab_size + 1, (streams, config.context_size - 1)).astype(np.int32)
    context[0] = 0
    return x, y, [(context,)]


def loss(parameters, x, y, state):
    """The mean loss, from concatenated embeddings and PyTorch's layouts."""
    tensors, config = parameters.to_tensors(), parameters.config
    rows = tensors.get("embedding.weight", np.eye(config.vocab_size))
    rows = np.concatenate([np.zeros((1, rows.shape[1])), rows])
    history = np.concatenate([state[0][0].T, x + 1])
    total = 0.0
    for t, b in np.ndindex(x.shape):
        inputs = rows[history[t : t + config.context_size, b]].reshape(-1)
        hidden = np.tanh(tensors["hidden.weight"] @ inputs + tensors["hidden.bias"])
        logits = tensors["head.weight"] @ hidden + tensors["head.bias"]
        total -= reference.log_softmax(logits)[y[t, b]]
    return total / x.size


@pytest.mark.parametrize("shape", SHAPES)
def test_loss_and_gradient_are_those_of_the_definition(make, random, shape):
    parameters = make(**shape)
    x, y, state = window(random, parameters.config)
    learner = TDNNLearner(TDNN(parameters, Workers(2), training=True), 8, 3)
    assert learner.loss_and_gradient(Batch(x, y), [(state[0][0].copy(),)]) == pytest.approx(
        loss(parameters, x, y, state), rel=1e-12
    )
    for name, tensor in parameters.tensors.items():
        wanted = reference.numeric_gradient(lambda: loss(parameters, x, y, state), tensor)
        assert reference.relative_error(learner.gradient[name], wanted) < 1e-6, name


@pytest.mark.parametrize("context_size", [1, 4, 9])
def test_windows_make_no_difference(make, random, context_size):
    parameters = make(context_size=context_size, precision="float32")
    x, _, state = window(random, parameters.config, 12)
    model = TDNN(parameters)
    carried = [(state[0][0].copy(),)]
    whole = model.run(x, state, model.buffers(12, 3)).logits.copy()
    space = model.buffers(5, 3)
    parts = [model.run(x[a:b], carried, space).logits.copy() for a, b in ((0, 1), (1, 6), (6, 9), (9, 12))]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(carried[0][0], state[0][0])


def test_threads_do_not_change_a_gradient(make, random):
    parameters = make(precision="float32", dropout=0.3, hidden_size=40)
    x, y, state = window(random, parameters.config, 9, 7)
    results = []
    for threads in (1, 2, 3):
        learner = TDNNLearner(TDNN(parameters, Workers(threads), training=True), 9, 7)
        found = learner.loss_and_gradient(Batch(x, y), [(state[0][0].copy(),)], dropout_seed=5)
        results.append((found, learner.gradient.vector.tobytes()))
    assert len(set(results)) == 1


def test_dropout_is_of_the_hidden_layer(make, random):
    parameters = make(dropout=0.5)
    x, y, state = window(random, parameters.config)
    learner = TDNNLearner(TDNN(parameters, training=True), 6, 3)

    def loss_and_gradient(dropout_seed):
        value = learner.loss_and_gradient(Batch(x, y), [(state[0][0].copy(),)], dropout_seed=dropout_seed)
        return value, learner.gradient["head.bias"].copy(), learner.gradient["hidden.bias"].copy()

    plain, first, again = loss_and_gradient(None), loss_and_gradient(1), loss_and_gradient(1)
    assert plain[0] == pytest.approx(loss(parameters, x, y, state))
    assert plain[0] != first[0] == again[0]
    bias = parameters["hidden.bias"]

    def masked():
        learner.network.refresh()
        return learner.loss_and_gradient(Batch(x, y), [(state[0][0].copy(),)], dropout_seed=1)

    assert reference.relative_error(first[2], reference.numeric_gradient(masked, bias)) < 1e-6


def test_only_the_predictions_after_the_lead_count(make, random):
    parameters = make()
    x, y, (state,) = window(random, parameters.config)
    learner = TDNNLearner(TDNN(parameters, training=True), 6, 3)
    begun = state[0].copy()
    begun[1] = 0
    passed = np.concatenate([begun, x[:2].T + 1], axis=1)[:, 2:]
    wanted = learner.loss_and_gradient(Batch(x[2:], y[2:]), [(passed.copy(),)]), learner.gradient.vector.copy()
    carried = state[0].copy()
    reset = np.array([False, True, False])
    assert learner.loss_and_gradient(Batch(x, y[2:], reset=reset, advance=2), [(carried,)]) == pytest.approx(
        wanted[0], rel=1e-12
    )
    np.testing.assert_allclose(learner.gradient.vector, wanted[1], rtol=1e-9, atol=1e-12)
    assert np.array_equal(carried, passed)


def test_tensors_that_are_views_of_the_vector_can_be_loaded(make):
    parameters = make()
    before = parameters.vector.copy()
    parameters.load_tensors(parameters.to_tensors())
    assert np.array_equal(parameters.vector, before)
