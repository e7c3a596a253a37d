import threading

import numpy as np
import pytest
from members import mixture

from charrnn.kernels.draw import Rules, generator
from charrnn.models.mixture import sampler as mixtures
from charrnn.sampling.drawing import Drawn
from charrnn.sampling.streams import Snapshot

LENGTH, STREAMS = 151, 2


def drawn_by(draw, threads=3):
    """What two streams draw, and where they end."""
    network = mixture(["rnn", "ngram", "tdnn", "rnn of one layer"], threads)
    loop = mixtures.MixtureLoop(network.config.kind.sampler(network), STREAMS)
    generators = np.array([generator(n) for n in range(STREAMS)])
    loop.enter(Snapshot(network.initial_state(STREAMS), np.zeros(STREAMS, np.int32), generators), network)
    drawn = Drawn.allocate(STREAMS, LENGTH, 2)
    draw(loop, network.workers, Rules(1.0), drawn)
    return [*drawn, *loop.leave().state[0], loop.leave().generators]


def together(loop, workers, *how):
    loop.draw_together(3, *how)


def assert_same(one, other):
    for array, twin in zip(one, other, strict=True):
        np.testing.assert_array_equal(array, twin)


@pytest.fixture(scope="module")
def alone():
    return drawn_by(lambda loop, _, *how: loop.draw_some_each(*how), threads=1)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_that_share_the_members_draw_the_same(alone, threads):
    assert_same(alone, drawn_by(lambda loop, _, *how: loop.draw_together(threads, *how)))


def test_a_team_that_is_given_up_draws_the_same(alone, monkeypatch):
    monkeypatch.setattr(mixtures, "TEAM_PATIENCE", 0)
    for _ in range(5):
        assert_same(alone, drawn_by(together))


def test_one_thread_draws_alone_while_another_text_has_the_others(alone):
    def draw(loop, workers, *how):
        busy, done = threading.Event(), threading.Event()
        other = threading.Thread(target=workers.run, args=(lambda part, parts: (busy.set(), done.wait()),))
        other.start()
        try:
            busy.wait()
            together(loop, workers, *how)
        finally:
            done.set()
            other.join()

    assert_same(alone, drawn_by(draw))
