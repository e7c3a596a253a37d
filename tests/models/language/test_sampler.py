import threading

import numpy as np
import pytest

from charrnn.kernels import draw
from charrnn.kernels.draw import Rules, generator
from charrnn.kernels.jit import jit
from charrnn.kernels.operands import NUMBERS
from charrnn.kernels.packing import pack, packed_zeros
from charrnn.models.language import generate as loop
from charrnn.models.language import sampler as recurrent
from charrnn.models.language.network import Network
from charrnn.models.language.sampler import FEW_STREAMS, LoopBuffers, Sampler, products_apart, stack
from charrnn.registry import names_in
from charrnn.sampling.streams import Streams
from charrnn.workers import Workers

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
    random, ids = generator(seed), list(PREFIX)
    weights, heap = np.empty(V, np.float32), np.empty(V, np.int32)
    state, space = network.initial_state(1), network.buffers(1, 1)
    for place in range(len(PREFIX) - 1 + LENGTH):
        logits = network.run(np.array([[ids[place]]], np.int32), state, space).logits[0, 0]
        if place >= len(PREFIX) - 1:
            ids.append(drawn_by(logits, V, RULES, weights, heap, random))
    return ids[len(PREFIX) :]


@pytest.mark.parametrize("threads", [1, 2])
def test_each_stream_of_a_deep_network_is_drawn_as_it_is_alone_step_by_step(parameters, threads):
    network = Network(parameters, Workers(threads))
    assert ids_of(network, 1, 2, 3).tolist() == [step_by_step(network, seed) for seed in (1, 2, 3)]


@pytest.mark.parametrize("cell", names_in("cells"))
def test_every_cell_is_drawn_from_step_by_step_in_small_and_large_batches(monkeypatch, make_parameters, cell):
    monkeypatch.setattr(recurrent, "IN_CACHE", 0)
    network = Network(make_parameters(vocab_size=V, cell=cell, hidden_size=9, num_layers=2))
    seeds = range(FEW_STREAMS + 1)
    wanted = [step_by_step(network, seed) for seed in seeds]
    assert ids_of(network, *seeds[:2]).tolist() == wanted[:2]
    assert ids_of(network, *seeds).tolist() == wanted


def test_products_with_the_output_are_made_apart_where_there_are_more_weights_than_a_cache_holds(make_parameters):
    apart = {}
    for cell in names_in("cells"):
        small, large = (Network(make_parameters(vocab_size=V, cell=cell, hidden_size=H)) for H in (50, 512))
        assert products_apart(small, 1) == products_apart(large, FEW_STREAMS + 1) == 0
        apart[cell] = products_apart(large, FEW_STREAMS)
    assert apart == dict.fromkeys(apart, 1) | {"gru": 2}
    long_sums = Network(make_parameters(vocab_size=V, hidden_size=NUMBERS.depth + 1, cell="rnn"))
    assert products_apart(long_sums, FEW_STREAMS + 1) == products_apart(long_sums, 1) == 1


STEPS = {
    "lstm": (
        "hh0.0 hh0.0- ih1 hh1.0 hh1.0-",
        "ih1-",
        "hh0.0 ih1 hh1.0",
    ),
    "gru": (
        "hh0.0 hh0.1 hh0.1- hh0.0- ih1 hh1.0 hh1.1 hh1.1- hh1.0-",
        "ih1-",
        "hh0.0 hh0.1 ih1 hh1.0 hh1.1",
    ),
    "gru-lecture": (
        "hh0.0 hh0.1 hh0.0- ih1 hh1.0 hh1.1 hh1.0-",
        "hh0.1 ih1- hh1.1",
        "hh0.0 hh0.1 ih1 hh1.0 hh1.1",
    ),
}
"""Which matrices the first and second step of a pair read, and one that is left over; reversed ones have a minus."""


@pytest.mark.parametrize("cell", STEPS)
def test_weights_are_read_there_and_back_in_pairs_of_steps(monkeypatch, make_parameters, cell):
    monkeypatch.setattr(recurrent, "IN_CACHE", 0)
    sampler = Sampler(Network(make_parameters(vocab_size=V, cell=cell, hidden_size=9, num_layers=2)))
    drawn = loop.Drawn.allocate(1, 5, 0)
    _, weights, *arguments = LoopBuffers(sampler, 1).drawing(RULES, drawn).args
    names = {panels.ctypes.data: f"ih{layer}" for layer, panels in enumerate(weights.w_ih.panels, 1)}
    for place, packed in enumerate(weights.w_hh):
        names |= {panels.ctypes.data: f"hh{layer}.{place}" for layer, panels in enumerate(packed.panels)}
    read = []

    def matmul(_a, b, _start, _ids, _c, _first, _last):
        if name := names.get(b.panels.ctypes.data):
            read.append(name + "-" * b.is_reversed)

    def forward(matmul, layer_weights, *_rest):
        for b in layer_weights.w_hh:
            if not b.precomputed.size:  # as a cell would
                matmul(None, b, None, None, None, 0, 1)

    for name in ("read_ids", "multiply", "may_leave", "part_of"):
        monkeypatch.setattr(loop, name, getattr(loop, name).py_func)
    kernels = loop.Kernels(matmul, forward, lambda *_: None)
    loop.generate_recurrently.py_func(kernels, weights, *arguments, 0, 1)
    first, second, alone = (steps.split() for steps in STEPS[cell])
    assert read == [*first, *second, *first, *second, *alone]


@pytest.mark.parametrize(("threads", "count"), [(2, 1), (3, 1), (3, 2)])
def test_threads_draw_streams_together_as_one_does_alone(parameters, threads, count):
    generators = np.stack([generator(seed) for seed in range(count)])
    sampler = Sampler(Network(parameters, Workers(threads)))
    assert sampler.tuner(count).threads(1000) == 1
    sampler.tuner(count).threads = lambda _characters: threads
    streams = Streams.beginning(sampler, PREFIX, generators)
    chunks = [streams.draw(length, RULES, top=2) for length in (1, 2, 20, LENGTH - 23)]
    whole = Streams.beginning(Sampler(Network(parameters)), PREFIX, generators)
    wanted = whole.draw(LENGTH, RULES, top=2)
    for name, values in wanted._asdict().items():
        assert np.array_equal(np.concatenate([getattr(chunk, name) for chunk in chunks], axis=1), values)
    assert wanted.ids[0].tolist() == step_by_step(Network(parameters), 0)
    for now, then in zip(streams.now.state, whole.now.state, strict=True):
        assert all(map(np.array_equal, now, then))
    assert np.array_equal(streams.now.generators, whole.now.generators)


def test_where_there_are_streams_for_all_threads_each_draws_some(parameters):
    tuner = Sampler(Network(parameters, Workers(2))).tuner(2)
    for _ in range(10):
        assert tuner.threads(10) == 1
        tuner.took(1, 1.0, 10)


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupted_streams_are_where_they_were(parameters, threads):
    """Whether the interrupt comes before threads have begun, while one is at work, or after they are done."""
    sampler = Sampler(Network(parameters, Workers(threads)))
    sampler.tuner(1).threads = lambda _characters: threads
    streams = Streams.beginning(sampler, PREFIX, generator(7)[np.newaxis])
    run, late = sampler.network.workers.run, []
    for begun in (0, 1, threads):

        def interrupted(job, most, begun=begun):
            if begun < most:  # at work until the next draw has begun
                late.append(threading.Thread(target=job, args=(most - 1, most)))
            else:
                run(job, most)
            raise KeyboardInterrupt

        sampler.network.workers.run = interrupted
        with pytest.raises(KeyboardInterrupt):
            streams.draw(LENGTH, RULES)
    for thread in late:
        thread.start()
    sampler.network.workers.run = run
    drawn = [streams.draw(1, RULES).ids[0, 0] for _ in range(LENGTH)]
    for thread in late:
        thread.join()
    assert drawn == step_by_step(Network(parameters), 7)


def test_one_stream_is_drawn_while_another_caller_has_the_threads(parameters):
    workers, begun, enough = Workers(2), threading.Event(), threading.Event()

    def busy(part, _parts):
        if part == 0:
            begun.set()
            enough.wait()

    caller = threading.Thread(target=workers.run, args=(busy,))
    caller.start()
    begun.wait()
    sampler = Sampler(Network(parameters))
    sampler.network.workers = workers
    sampler.tuner(1).threads = lambda _characters: 2
    streams = Streams.beginning(sampler, PREFIX, generator(7)[np.newaxis])
    drawn = streams.draw(LENGTH, RULES).ids
    enough.set()
    caller.join()
    assert drawn[0].tolist() == step_by_step(Network(parameters), 7)


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
