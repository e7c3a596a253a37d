import os
import subprocess
import sys

import numpy as np
import pytest
import reference

from charrnn.layers.state import copy_state
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import Network
from charrnn.text.batches import Batch
from charrnn.workers import Workers

SHAPES = [
    {"vocab_size": 11, "hidden_size": 17, "num_layers": 3, "embedding_size": 0},
    {"vocab_size": 65, "hidden_size": 32, "num_layers": 2, "embedding_size": 65},
    {"vocab_size": 5, "hidden_size": 1, "num_layers": 1, "embedding_size": 2},
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("precision", "bound"), [("float64", 1e-6), ("float32", 1e-3)])
def test_loss_gradients_and_state_equal_the_reference(make_parameters, make_window, shape, precision, bound):
    parameters = make_parameters(precision=precision, **shape)
    network = Network(parameters, Workers(2), training=True)
    bptt = TruncatedBPTT(network, 9, 7)
    x, y, state = make_window(network, 9, 7)
    tensors = {name: tensor.astype(np.float64) for name, tensor in parameters.tensors.items()}
    wanted, wanted_d_state = reference.gradients(tensors, x, y, state)
    wanted_loss = reference.loss(tensors, x, y, state)
    wanted_state = reference.forward(tensors, x, state)[1]

    d_state = network.initial_state(7)
    loss = bptt.loss_and_gradient(Batch(x, y), state, d_initial=d_state)

    assert loss == pytest.approx(wanted_loss, rel=bound / 100)
    for name, gradient in bptt.gradient.tensors.items():
        assert reference.relative_error(gradient, wanted[name]) < bound, name
    for got, reached in ((d_state, wanted_d_state), (state, wanted_state)):
        for layer, wanted_layer in zip(got, reached, strict=True):
            for array, wanted_array in zip(layer, wanted_layer, strict=True):
                assert reference.relative_error(array, wanted_array) < bound


DOCUMENTS = [(3, 1, 4, 2), (2, 2, 2, 4), (10,)]
"""Lengths of each stream's documents, with their ends; each stream begins in the middle of one, or at its start."""


@pytest.mark.parametrize("cell", ["lstm", "gru-lecture"])
def test_a_window_of_documents_is_the_sum_of_each_alone(make_parameters, make_window, cell):
    shape = {"vocab_size": 5, "hidden_size": 6, "num_layers": 2, "precision": "float64", "cell": cell}
    parameters = make_parameters(**shape, learn_initial_state=True, skip_connections=True, end_symbol=True)
    alone = make_parameters(**shape, learn_initial_state=True, skip_connections=True)
    alone.vector[:] = parameters.vector
    network, plain = Network(parameters, Workers(2), training=True), Network(alone, training=True)
    x, y, state = make_window(network, 10, len(DOCUMENTS))
    x %= 4
    for b, lengths in enumerate(DOCUMENTS):
        x[np.cumsum(lengths)[:-1], b] = 4
    x[0, 1] = 4

    total, sums, states = 0.0, dict.fromkeys(parameters.tensors, 0.0), []
    for b, lengths in enumerate(DOCUMENTS):
        for stop, length in zip(np.cumsum(lengths), lengths, strict=True):
            part = (slice(stop - length, stop), slice(b, b + 1))
            reached = [tuple(array[b : b + 1].copy() for array in layer) for layer in state]
            bptt = TruncatedBPTT(plain, length, 1)
            total += length * bptt.loss_and_gradient(
                Batch(x[part], y[part], reset=x[stop - length, part[1]] == 4), reached
            )
            sums = {name: d + length * bptt.gradient[name] for name, d in sums.items()}
        states.append(reached)

    bptt = TruncatedBPTT(network, *x.shape)
    loss = bptt.loss_and_gradient(Batch(x, y, reset=np.zeros(len(DOCUMENTS), np.bool_)), state)
    assert loss * x.size == pytest.approx(total, rel=1e-12)
    for name, wanted in sums.items():
        np.testing.assert_allclose(bptt.gradient[name] * x.size, wanted, rtol=1e-9, atol=1e-12, err_msg=name)
    for b, reached in enumerate(states):
        for layer, wanted_layer in zip(state, reached, strict=True):
            for array, wanted in zip(layer, wanted_layer, strict=True):
                np.testing.assert_allclose(array[b : b + 1], wanted, rtol=1e-12)


@pytest.mark.parametrize("skip_connections", [False, True])
def test_each_prediction_counts_by_its_weight_and_padding_not_at_all(make_parameters, make_window, skip_connections):
    shape = {"vocab_size": 5, "hidden_size": 6, "num_layers": 2, "precision": "float64"}
    network = Network(make_parameters(**shape, skip_connections=skip_connections), training=True)
    x, y, state = make_window(network, 5, 3)
    weights = np.random.default_rng(1).uniform(0, 1, (4, 3))
    weights[2:, 1] = 0
    bptt = TruncatedBPTT(network, 5, 3)

    def loss(targets=y[1:]):
        network.refresh()
        return bptt.loss_and_gradient(Batch(x, targets, weights), copy_state(state))

    found, gradient = loss(), {name: tensor.copy() for name, tensor in bptt.gradient.tensors.items()}
    logits = network.run(x, copy_state(state), network.buffers(5, 3)).logits[1:, :, :5]
    losses = -np.take_along_axis(reference.log_softmax(logits), y[1:, :, np.newaxis].astype(int), -1)[..., 0]
    assert found == pytest.approx((losses * weights).sum() / weights.sum(), rel=1e-12)
    for name, d in gradient.items():
        wanted = reference.numeric_gradient(loss, network.parameters[name])
        assert reference.relative_error(d, wanted) < 1e-6, name
    others = np.where(weights == 0, (y[1:] + 1) % 5, y[1:]).astype(np.int32)
    assert loss(others) == found
    assert all(np.array_equal(bptt.gradient[name], d) for name, d in gradient.items())
    assert Batch(x, y[1:], weights).predictions == 10


def test_dropout_is_the_same_for_any_number_of_threads(make_parameters, make_window):
    parameters = make_parameters(vocab_size=65, hidden_size=33, num_layers=2, dropout=0.4)
    results = []
    inputs = None
    for threads in (1, 2, 3, 8):
        network = Network(parameters, Workers(threads), training=True)
        inputs = inputs or make_window(network, 6, 5)
        x, y, state = inputs[0], inputs[1], copy_state(inputs[2])
        bptt = TruncatedBPTT(network, 6, 5)
        loss = bptt.loss_and_gradient(Batch(x, y), state, dropout_seed=7)
        results.append((loss, bptt.gradient.vector.tobytes(), [array.tobytes() for layer in state for array in layer]))
    assert all(result == results[0] for result in results)


def test_predictions_before_the_lead_do_not_count_and_the_state_advances_as_asked(make_parameters, make_window):
    parameters = make_parameters(vocab_size=5, hidden_size=6, num_layers=2, precision="float64")
    network = Network(parameters, training=True)
    x, y, state = make_window(network, 7, 3)
    tensors, advanced = parameters.tensors, copy_state(state)
    logits = reference.forward(tensors, x, state)[0]
    loss = TruncatedBPTT(network, 7, 3).loss_and_gradient(Batch(x, y[4:], advance=2), advanced)
    assert loss == pytest.approx(reference.mean_loss(logits[4:], y[4:]), rel=1e-12)
    wanted = reference.forward(tensors, x[:2], state)[1]
    for layer, wanted_layer in zip(advanced, wanted, strict=True):
        for array, wanted_array in zip(layer, wanted_layer, strict=True):
            np.testing.assert_allclose(array, wanted_array, rtol=0, atol=1e-12)


def test_streams_that_are_not_fresh_leave_the_initial_state_without_a_gradient(make_parameters, make_window):
    network = Network(make_parameters(vocab_size=5, hidden_size=6, learn_initial_state=True), training=True)
    x, y, state = make_window(network, 4, 3)
    bptt = TruncatedBPTT(network, 4, 3)
    for reset, reached in ((None, False), (np.array([False, True, False]), True), (np.zeros(3, bool), False)):
        bptt.loss_and_gradient(Batch(x, y, reset=reset), copy_state(state))
        assert [bool(bptt.gradient[f"initial.{name}_l0"].any()) for name in "hc"] == [reached] * 2


@pytest.mark.parametrize("end_symbol", [False, True])
def test_dropout_gradients_equal_finite_differences(make_parameters, make_window, end_symbol):
    shape = {"vocab_size": 5, "hidden_size": 6, "num_layers": 2, "precision": "float64"}
    parameters = make_parameters(**shape, dropout=0.3, end_symbol=end_symbol)
    network = Network(parameters, training=True)
    bptt = TruncatedBPTT(network, 5, 3)
    x, y, state = make_window(network, 5, 3)
    bptt.loss_and_gradient(Batch(x, y), copy_state(state), dropout_seed=1)
    gradient = {name: tensor.copy() for name, tensor in bptt.gradient.tensors.items()}

    def loss():
        network.refresh()
        return bptt.loss_and_gradient(Batch(x, y), copy_state(state), dropout_seed=1)

    for name in ("rnn.weight_hh_l0", "rnn.weight_ih_l1", "head.weight", "embedding.weight"):
        assert reference.relative_error(gradient[name], reference.numeric_gradient(loss, parameters[name])) < 1e-6, name


def test_without_a_key_dropout_is_off(make_parameters, make_window):
    shape = {"vocab_size": 5, "hidden_size": 6, "num_layers": 2, "precision": "float64"}
    dropping, plain = make_parameters(dropout=0.5, **shape), make_parameters(dropout=0.0, **shape)
    plain.vector[:] = dropping.vector
    network = Network(dropping, training=True)
    x, y, state = make_window(network, 5, 3)
    losses = {
        "off": TruncatedBPTT(network, 5, 3).loss_and_gradient(Batch(x, y), copy_state(state)),
        "on": TruncatedBPTT(network, 5, 3).loss_and_gradient(Batch(x, y), copy_state(state), dropout_seed=3),
        "plain": TruncatedBPTT(Network(plain, training=True), 5, 3).loss_and_gradient(Batch(x, y), copy_state(state)),
    }
    assert losses["off"] == losses["plain"] != losses["on"]


def test_a_shorter_window_gives_what_room_of_its_own_would(make_parameters, make_window):
    network = Network(make_parameters(vocab_size=9, hidden_size=12), training=True)
    x, y, state = make_window(network, 4, 3)
    roomy, tight = TruncatedBPTT(network, 10, 3), TruncatedBPTT(network, 4, 3)
    assert roomy.loss_and_gradient(Batch(x, y), copy_state(state)) == tight.loss_and_gradient(
        Batch(x, y), copy_state(state)
    )
    assert np.array_equal(roomy.gradient.vector, tight.gradient.vector)


COLD_OR_WARM = """
import hashlib
import numpy as np
from charrnn.kinds.config import make_config
from charrnn.text.batches import Batch
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.models.language.learner import TruncatedBPTT

network = Network(LanguageParameters(make_config(5, hidden_size=24)).initialise(1), training=True)
bptt = TruncatedBPTT(network, 9, 3)
x = np.random.default_rng(2).integers(0, 5, (10, 3)).astype(np.int32)
bptt.loss_and_gradient(Batch(x[:-1], x[1:]), network.initial_state(3))
print(hashlib.sha256(bptt.gradient.vector.tobytes()).hexdigest())
"""


def test_kernels_just_compiled_and_kernels_from_the_cache_give_the_same_bytes(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", COLD_OR_WARM]
    printed = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert printed[0] == printed[1] != ""
