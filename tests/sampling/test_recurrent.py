import numpy as np
import pytest

from charrnn.kernels import draw
from charrnn.kernels.draw import Rules, generator
from charrnn.kernels.jit import jit
from charrnn.kernels.matmul import pack, packed_zeros
from charrnn.model.network import Network
from charrnn.model.workers import Workers
from charrnn.sampling.recurrent import Sampler, stack
from charrnn.sampling.streams import Streams

V, RULES, LENGTH = 6, Rules(0.9), 30
PREFIX = np.array([1, 3, 3], np.int32)
drawn_by = jit(draw.draw.py_func)


@pytest.fixture
def parameters(make_parameters):
    shape = {"hidden_size": 9, "num_layers": 3, "skip_connections": True, "learn_initial_state": True}
    return make_parameters(vocab_size=V, embedding_size=4, **shape)


def ids_of(network, *seeds):
    generators = np.stack([generator(seed) for seed in seeds])
    return Streams.beginning(Sampler(network), PREFIX, generators).draw(LENGTH, RULES).ids


def step_by_step(network, seed):
    random, weights, ids = generator(seed), np.empty(V, np.float32), list(PREFIX)
    state, space = network.initial_state(1), network.space(1, 1)
    for place in range(len(PREFIX) - 1 + LENGTH):
        logits = network.run(np.array([[ids[place]]], np.int32), None, state, space).logits[0, 0]
        if place >= len(PREFIX) - 1:
            ids.append(drawn_by(logits, V, RULES, weights, random))
    return ids[len(PREFIX) :]


@pytest.mark.parametrize("threads", [1, 2])
def test_each_stream_of_a_deep_network_is_drawn_as_it_is_alone_step_by_step(parameters, threads):
    network = Network(parameters, Workers(threads))
    assert ids_of(network, 1, 2, 3).tolist() == [step_by_step(network, seed) for seed in (1, 2, 3)]


def test_after_an_update_another_sampler_draws_from_the_new_weights(parameters):
    network = Network(parameters)
    before = ids_of(network, 1)
    parameters.vector *= -2
    network.refresh()
    assert not np.array_equal(ids_of(network, 1), before)
    assert ids_of(network, 1)[0].tolist() == step_by_step(network, 1)


def test_stacked_layers_lie_one_after_the_other(random):
    layers = [packed_zeros(5, 7, "float32") for _ in range(3)]
    for layer in layers:
        pack(random.normal(size=(5, 7)).astype("float32"), layer, 0, 1)
    stacked = stack(layers)
    assert (stacked.depth, stacked.columns) == (5, 7)
    assert np.array_equal(stacked.panels, [layer.panels for layer in layers])


def test_no_layers_stack_to_none():
    assert stack([], packed_zeros(5, 7, "float32")).panels.shape[0] == 0
