import numpy as np
import pytest

from charrnn.kernels import draw
from charrnn.kernels.draw import Rules, generator
from charrnn.kernels.jit import jit
from charrnn.kinds.config import make_config
from charrnn.models.ngram.counts import NGram
from charrnn.models.tdnn.network import TDNN, TDNNParameters
from charrnn.sampling.streams import Streams
from charrnn.workers import Workers

V = 6
RULES = Rules(1.2, 5, 0.95, 0.01)
drawn_by = jit(draw.draw.py_func)


def tdnn(workers):
    parameters = TDNNParameters(make_config(V, model="tdnn", hidden_size=9, context_size=4)).initialise(0)
    parameters.vector *= 3
    return TDNN(parameters, workers)


def counts(order):
    text = np.random.default_rng(0).integers(0, V, 300)
    return lambda workers: NGram.count(make_config(V, model="ngram", order=order), text, workers)


@pytest.fixture(params=[tdnn, counts(4), counts(1)], ids=["tdnn", "ngram", "order 1"])
def make(request):
    return request.param


@pytest.fixture
def prefix(random):
    return random.integers(0, V, 7).astype(np.int32)


def generators(*seeds):
    return np.stack([generator(seed) for seed in seeds])


def drawn_alone(model, prefix, seed, length):
    streams = Streams.beginning(model.config.kind.sampler(model), prefix, generators(seed))
    return streams.draw(length, RULES)


def test_draws_equal_those_of_the_model_step_by_step(make, prefix):
    model, random, text, nats = make(Workers()), generator(3), list(prefix), []
    state, space, weights = model.initial_state(1), model.buffers(1, 1), np.empty(V, np.float32)
    for place in range(len(prefix) - 1 + 50):
        logits = model.run(np.array([[text[place]]], np.int32), state, space).logits[0, 0]
        if place >= len(prefix) - 1:
            text.append(drawn_by(logits, V, RULES, weights, np.empty(V, np.int32), random))
            exact = logits[:V].astype(np.float64)
            nats.append(np.log(np.exp(exact - exact[text[-1]]).sum()))
    drawn = drawn_alone(model, prefix, 3, 50)
    assert drawn.ids[0].tolist() == text[len(prefix) :]
    np.testing.assert_allclose(drawn.nats[0], nats, rtol=1e-5)


def test_neither_other_streams_nor_chunks_nor_threads_change_a_stream(make, prefix):
    alone = [drawn_alone(make(Workers()), prefix, seed, 40).ids[0].tolist() for seed in (1, 2, 3)]
    streams = Streams.beginning(make(Workers(2)).config.kind.sampler(make(Workers(2))), prefix, generators(1, 2, 3))
    parts = [streams.draw(count, RULES).ids for count in (1, 9)]
    streams = streams.keep([0, 2])
    rest = np.concatenate([streams.draw(count, RULES).ids for count in (25, 5)], 1)
    together = np.concatenate(parts, 1)
    assert together.tolist() == [ids[:10] for ids in alone]
    assert rest.tolist() == [alone[0][10:], alone[2][10:]]


def test_what_is_read_is_as_what_is_drawn(make, prefix):
    whole = drawn_alone(make(Workers()), prefix, 5, 30)
    model = make(Workers())
    streams = Streams.beginning(model.config.kind.sampler(model), prefix[:2], generators(5))
    streams.read(prefix[2:])
    assert np.array_equal(streams.draw(30, RULES).ids, whole.ids)
