import os
import subprocess
import sys

import numpy as np
import pytest

from charrnn.kernels import draw
from charrnn.kernels.draw import Rules, generator
from charrnn.kernels.jit import jit
from charrnn.models.language import sampler as recurrent
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.models.language.sampler import Sampler
from charrnn.sampling.streams import READ_WINDOW, Streams
from charrnn.workers import Workers

V = 11
RULES = Rules(1.0)
drawn_by = jit(draw.draw.py_func)


CASES = [
    (1, 19, "float32", True),
    (3, 32, "float32", False),
    (2, 17, "float64", False),
    (2, 19, "bf16", False),
    (2, 19, "bf16", True),
]


@pytest.fixture(params=CASES, ids=str)
def network(request, monkeypatch, make_parameters):
    layers, hidden, precision, in_cache = request.param
    monkeypatch.setattr(recurrent, "IN_CACHE", 2**20 if in_cache else 0)
    parameters = make_parameters(vocab_size=V, hidden_size=hidden, num_layers=layers, precision=precision)
    parameters.vector *= 4  # so that every character read changes what is drawn
    return Network(parameters)


@pytest.fixture
def make_text(random):
    return lambda length: random.integers(0, V, length).astype(np.int32)


def generators(*seeds):
    return np.stack([generator(seed) for seed in seeds])


def step_by_step(network, prefix, length, rules, random):
    """The same draws from windows of one character; also -ln p of each, in float64."""
    state, space = network.initial_state(1), LanguageBuffers.allocate(network.config, 1, 1)
    text, nats = list(prefix), []
    weights, heap = np.empty(V, network.config.dtype), np.empty(V, np.int32)
    for position in range(len(prefix) - 1 + length):
        network.run(np.array([[text[position]]], np.int32), state, space)
        if position >= len(prefix) - 1:
            logits = space.logits[0, 0, :V].astype(np.float64)
            text.append(drawn_by(space.logits[0, 0], V, rules, weights, heap, random))
            nats.append(np.log(np.exp(logits - logits[text[-1]]).sum()))
    return text[len(prefix) :], nats


@pytest.mark.parametrize("rules", [Rules(0.0), Rules(0.7), Rules(1.2, 5, 0.9, 0.01)], ids=str)
@pytest.mark.parametrize("length", [1, 2, READ_WINDOW, READ_WINDOW + 1, 2 * READ_WINDOW + 44])
def test_draws_equal_those_of_the_network_step_by_step(network, make_text, length, rules):
    prefix = make_text(length)
    random = generator(3)
    streams = Streams.beginning(Sampler(network), prefix, generators(3))
    drawn = streams.draw(60, rules)
    text, nats = step_by_step(network, prefix, 60, rules, random)
    assert drawn.ids[0].tolist() == text
    assert np.allclose(drawn.nats[0], nats, atol=2e-5)
    assert np.array_equal(streams.now.generators[0], random)


def test_chunks_do_not_matter(network, make_text):
    prefix = make_text(5)
    whole = Streams.beginning(Sampler(network), prefix, generators(3)).draw(40, RULES, top=3)
    streams = Streams.beginning(Sampler(network), prefix, generators(3))
    chunks = [streams.draw(count, RULES, top=3) for count in (1, 1, 7, 31)]
    for name in whole._fields:
        parts = np.concatenate([getattr(chunk, name) for chunk in chunks], axis=1)
        assert np.array_equal(parts, getattr(whole, name)), name


@pytest.mark.parametrize("threads", [1, 3])
def test_each_stream_is_the_same_in_any_batch(network, make_text, threads):
    """To the last bit of the probabilities: one row and many go through other tiles of the matrix products."""
    prefix, seeds = make_text(9), range(64)
    alone = [Streams.beginning(Sampler(network), prefix, generators(seed)).draw(30, RULES) for seed in seeds]
    network.workers = Workers(threads)
    for count in (2, 5, 7, 64):
        batch = Streams.beginning(Sampler(network), prefix, generators(*seeds[:count])).draw(30, RULES)
        for n in range(count):
            assert np.array_equal(batch.ids[n], alone[n].ids[0])
            assert np.array_equal(batch.nats[n], alone[n].nats[0])


def test_reading_equals_a_longer_beginning(network, make_text):
    first, second = make_text(7), make_text(5)
    streams = Streams.beginning(Sampler(network), first, generators(1))
    streams.read(second[:0])
    streams.read(second)
    whole = Streams.beginning(Sampler(network), np.concatenate([first, second]), generators(1))
    assert np.array_equal(streams.draw(20, RULES).nats, whole.draw(20, RULES).nats)


def test_a_snapshot_goes_on_as_if_nothing_had_been_drawn_after_it(network, make_text):
    streams = Streams.beginning(Sampler(network), make_text(4), generators(1, 2))
    streams.draw(5, RULES)
    snapshot = streams.now
    wanted = streams.draw(20, RULES)
    again = Sampler(network).streams(snapshot).draw(20, RULES)
    assert np.array_equal(again.nats, wanted.nats)


def test_kept_streams_go_on_as_in_the_batch(network, make_text):
    streams = Streams.beginning(Sampler(network), make_text(4), generators(*range(6)))
    streams.draw(5, RULES)
    kept = streams.keep([1, 4])
    wanted = streams.draw(20, RULES)
    assert np.array_equal(kept.draw(20, RULES).nats, wanted.nats[[1, 4]])


def test_rivals_are_the_most_probable_characters(network, make_text):
    streams = Streams.beginning(Sampler(network), make_text(4), generators(1))
    drawn = streams.draw(30, Rules(2.0), top=V)
    p = np.exp(drawn.top_logprobs[0])
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (np.diff(p) <= 0).all()
    assert all(sorted(row) == list(range(V)) for row in drawn.top_ids[0])
    own = drawn.top_ids[0] == drawn.ids[0][:, np.newaxis]
    assert np.array_equal(-drawn.top_logprobs[0][own], drawn.nats[0])
    few = Streams.beginning(Sampler(network), make_text(4), generators(1)).draw(1, Rules(2.0), top=2)
    assert few.top_ids.shape == few.top_logprobs.shape == (1, 1, 2)


def test_temperature_zero_takes_no_random_number(network, make_text):
    streams = Streams.beginning(Sampler(network), make_text(4), generators(1))
    drawn = streams.draw(30, Rules(0.0), top=1)
    assert np.array_equal(drawn.top_ids[0, :, 0], drawn.ids[0])
    assert np.array_equal(streams.now.generators, generators(1))


PROGRAM = """
from charrnn.kernels import jit
jit.compile_listeners.append(lambda kept: print("compiling"))
import numpy as np
from charrnn.kernels.draw import Rules, generator
from charrnn.kinds.config import make_config
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.models.language.sampler import Sampler
from charrnn.sampling.streams import Streams
for layers, count in ((1, 1), (2, 3)):
    network = Network(LanguageParameters(make_config(vocab_size=5, hidden_size=8, num_layers=layers)).initialise(0))
    random = np.stack([generator(seed) for seed in range(count)])
    Streams.beginning(Sampler(network), np.zeros(2, np.int32), random).draw(3, Rules(1.0), top=count - 1)
"""


def test_one_compilation_serves_all_shapes_and_later_processes():
    heard = [
        subprocess.run([sys.executable, "-c", PROGRAM], env=os.environ, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert heard[1].stdout == ""
