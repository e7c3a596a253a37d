"""What every cell must satisfy; runs over all files of charrnn/cells.

Nearly all in float64: a cell's kernels are compiled once, and what is checked does not depend on the precision.
"""

from dataclasses import replace

import numpy as np
import pytest
import reference

from charrnn.cells.contract import find_cell
from charrnn.errors import ConfigError
from charrnn.kernels import processor
from charrnn.kernels.draw import Rules, draw, generator
from charrnn.layers.state import copy_state
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.models.language.sampler import Sampler
from charrnn.registry import names_in
from charrnn.sampling.streams import Streams
from charrnn.text.batches import Batch
from charrnn.workers import Workers

V = 5
CONNECTIONS = {
    "one-hot": {"num_layers": 1, "embedding_size": 0},
    "stacked": {"num_layers": 2, "embedding_size": 3},
    "tied": {"num_layers": 1, "tie_embedding": True},
    "skipping": {"num_layers": 2, "embedding_size": 3, "skip_connections": True, "learn_initial_state": True},
    "skipping one-hot": {"num_layers": 2, "embedding_size": 0, "skip_connections": True, "learn_initial_state": True},
}
cells = pytest.mark.parametrize("cell", names_in("cells"))
connections = pytest.mark.parametrize("shape", CONNECTIONS.values(), ids=CONNECTIONS.keys())


@pytest.fixture
def make(make_parameters):
    return lambda cell, hidden_size, shape: make_parameters(
        cell=cell, vocab_size=V, hidden_size=hidden_size, precision="float64", **shape
    )


def test_types_of_activations_have_names_of_their_own():
    types = {find_cell(name).activations for name in names_in("cells")}
    assert len({each.__name__ for each in types}) == len(types)


def test_time_loops_can_be_called_by_address():
    loops = [loop for name in names_in("cells") for loop in (find_cell(name).forward, find_cell(name).backward)]
    assert all(loop.targetoptions["no_cfunc_wrapper"] is False for loop in loops)


def bytes_of(state):
    return [array.tobytes() for layer in state for array in layer]


@cells
@connections
def test_every_gradient_equals_finite_differences(make, make_window, cell, shape):
    parameters = make(cell, 3, shape)
    burn_in = 2 if parameters.config.embedding_size else 0
    network = Network(parameters, training=True)
    bptt = TruncatedBPTT(network, 4, 3)
    x, y, state = make_window(network, 4, 3)
    reset = np.array([False, True, True]) if network.config.learn_initial_state else None
    d_state = network.initial_state(3)
    bptt.loss_and_gradient(Batch(x, y[burn_in:], reset=reset), copy_state(state), d_initial=d_state)
    gradient = {name: tensor.copy() for name, tensor in bptt.gradient.tensors.items()}
    fixed = tuple(f"rnn.{vector.name}_l" for vector in network.stack.shape.cell.vectors if not vector.learned)

    def loss():
        network.refresh()
        return bptt.loss_and_gradient(Batch(x, y[burn_in:], reset=reset), copy_state(state))

    for name, tensor in parameters.tensors.items():
        if name.startswith(fixed):
            assert not gradient[name].any()
        else:
            assert reference.relative_error(gradient[name], reference.numeric_gradient(loss, tensor)) < 1e-6, name
    if reset is None:
        for layer, d_layer in zip(state, d_state, strict=True):
            for array, d_array in zip(layer, d_layer, strict=True):
                assert reference.relative_error(d_array, reference.numeric_gradient(loss, array)) < 1e-6


@cells
@connections
def test_three_carried_windows_equal_one_long_window_bit_for_bit(make, make_window, cell, shape):
    network = Network(make(cell, 19, shape))
    T, B = 5, 7
    x, _, state = make_window(network, 3 * T, B)
    carried = copy_state(state)
    long = LanguageBuffers.allocate(network.config, 3 * T, B)
    network.run(x, state, long)
    short = LanguageBuffers.allocate(network.config, T, B)
    for part in range(3):
        rows = slice(part * T, (part + 1) * T)
        network.run(x[rows], carried, short)
        assert np.array_equal(short.logits, long.logits[rows])
    assert bytes_of(carried) == bytes_of(state)


@cells
@connections
@pytest.mark.parametrize("streams", [2, 13])
def test_a_stream_does_not_depend_on_the_others(make, make_window, cell, shape, streams):
    network = Network(make(cell, 19, shape), Workers(2))
    x, _, state = make_window(network, 5, streams)
    alone = [tuple(array[1:2].copy() for array in layer) for layer in state]
    together = LanguageBuffers.allocate(network.config, 5, streams)
    network.run(x, state, together)
    single = LanguageBuffers.allocate(network.config, 5, 1)
    network.run(x[:, 1:2].copy(), alone, single)
    assert np.array_equal(single.logits[:, 0], together.logits[:, 1])


@cells
@connections
def test_any_number_of_threads_gives_the_same_bytes(make, make_window, cell, shape):
    parameters = make(cell, 19, shape)
    x, y, state = make_window(Network(parameters), 6, 5)
    results = []
    for threads in (1, 2, 3):
        bptt, now = TruncatedBPTT(Network(parameters, Workers(threads), training=True), 6, 5), copy_state(state)
        loss = bptt.loss_and_gradient(Batch(x, y, reset=np.arange(5) < 3), now)
        results.append((loss, bptt.gradient.vector.tobytes(), bytes_of(now)))
    assert all(result == results[0] for result in results)


@cells
@connections
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_drawn_equals_the_network_step_by_step(make, cell, shape, threads):
    network = Network(make(cell, 17, shape), Workers(threads))
    sampler = Sampler(network)
    sampler.tuner(1).threads = lambda _characters: threads
    rules, random, weights = Rules(0.9), generator(3), np.empty(V)
    drawn = Streams.beginning(sampler, np.array([2, 4], np.int32), random[np.newaxis]).draw(30, rules)
    state, space = network.initial_state(1), LanguageBuffers.allocate(network.config, 1, 1)
    text = [2, 4]
    for position in range(31):
        network.run(np.array([[text[position]]], np.int32), state, space)
        if position:
            text.append(draw.py_func(space.logits[0, 0], V, rules, weights, np.empty(V, np.int32), random))
    assert drawn.ids[0].tolist() == text[2:]


@cells
@pytest.mark.parametrize("connection", ["one-hot", "skipping"])
def test_in_bf16_the_gradient_is_near_and_the_loss_falls(make, make_window, monkeypatch, cell, connection):
    monkeypatch.setattr(processor, "BFLOAT16", True)  # where the processor lacks it, pairs are multiplied in float32
    exact = make(cell, 19, CONNECTIONS[connection])
    x, y, state = make_window(Network(exact), 6, 5)

    def bptt_in(precision):
        parameters = LanguageParameters(replace(exact.config, precision=precision)).load_tensors(exact.to_tensors())
        return TruncatedBPTT(Network(parameters, training=True), 6, 5)

    def loss(bptt):
        own = [tuple(array.astype(bptt.network.config.dtype) for array in layer) for layer in state]
        return bptt.loss_and_gradient(Batch(x, y, reset=np.arange(5) < 3), own)

    wanted, rounded = bptt_in("float64"), bptt_in("bf16")
    first = loss(rounded)
    assert first == pytest.approx(loss(wanted), rel=0.01)
    errors = [
        np.abs(tensor - wanted.gradient[name]).max() / max(np.abs(wanted.gradient[name]).max(), 1e-9)
        for name, tensor in rounded.gradient.tensors.items()
    ]
    assert 1e-4 < max(errors) < 0.02  # a factor is rounded by 2^-9 of it at most
    for _ in range(30):
        rounded.network.parameters.vector -= 0.6 * rounded.gradient.vector
        rounded.network.refresh()
        last = loss(rounded)
    assert last < 0.95 * first


@cells
def test_the_parts_of_a_cell_fit_together(cell):
    found = find_cell(cell)
    assert found.activations._fields == ("gates", *found.state, *found.saved)
    assert found.initial_bias(6).shape == (found.gates * 6,)
    assert sum(product.gates for product in found.products) == found.gates
    assert found.products[0].gradient == "gates"
    for product in found.products:
        assert {product.operand, product.gradient} <= set(found.activations._fields)
    for vector in found.vectors:
        assert vector.initial(6).shape == (6,)


def test_an_unknown_cell_is_an_error_that_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown cell 'elman': choose one of .*lstm"):
        find_cell("elman")
