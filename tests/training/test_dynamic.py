import math

import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import Network
from charrnn.optimizers.optimizer import Optimizer
from charrnn.scoring.defaults import Adaptation
from charrnn.scoring.streams import StreamReader
from charrnn.text.batches import Batch
from charrnn.training.dynamic import (
    CLIP_NORM,
    DEFAULT_ADAPTATION,
    SQUARE_DECAY,
    UPDATE_RULE,
    AdaptingNetwork,
    DynamicReader,
)
from charrnn.workers import Workers


@pytest.fixture
def parameters(make_parameters):
    return make_parameters(vocab_size=7, hidden_size=10, num_layers=2)


SEGMENT, DECAY = DEFAULT_ADAPTATION.segment, DEFAULT_ADAPTATION.decay


def reader_of(parameters, workers=None, *values):
    return DynamicReader(AdaptingNetwork(parameters, workers or Workers(), Adaptation(*values)))


@pytest.fixture
def ids():
    return np.tile([0, 3, 1, 6, 2, 2, 5], 100).astype(np.int32)


def test_a_segment_is_predicted_before_it_is_learned(parameters, ids):
    plain = StreamReader(Network(parameters)).read(ids)
    losses, ranks = reader_of(parameters).read(ids)
    assert np.array_equal(losses[: SEGMENT + 1], plain[0][: SEGMENT + 1], equal_nan=True)
    assert np.array_equal(ranks[: SEGMENT + 1], plain[1][: SEGMENT + 1])
    assert losses[SEGMENT + 1] != plain[0][SEGMENT + 1]


def test_it_learns_the_text(parameters, ids):
    ids = np.tile(ids, 6)
    losses = reader_of(parameters, None, 0.03).read(ids)[0]
    assert losses[-100:].mean() < 0.1 < StreamReader(Network(parameters)).read(ids)[0][-100:].mean()


def test_the_model_itself_stays_as_it_is(parameters, ids):
    before = parameters.vector.copy()
    reader_of(parameters).read(ids)
    assert np.array_equal(parameters.vector, before)


def test_the_steps_are_those_of_training(parameters, ids):
    losses = reader_of(parameters, None, 0.01).read(ids[: 3 * SEGMENT + 5])[0]
    network = Network(parameters, training=True)
    bptt = TruncatedBPTT(network, SEGMENT, 1)
    rms = {"square_decay": SQUARE_DECAY}
    optimizer = Optimizer(UPDATE_RULE, parameters.vector, parameters.decaying, Workers(), rms)
    trained = parameters.vector.copy()
    state = network.initial_state(1)
    for step in range(3):
        part = ids[step * SEGMENT : (step + 1) * SEGMENT + 1, np.newaxis]
        loss = bptt.loss_and_gradient(Batch(part[:-1], part[1:]), state)
        assert losses[step * SEGMENT + 1 : (step + 1) * SEGMENT + 1].mean() == pytest.approx(loss, rel=1e-6)
        rate = 0.01 * math.sqrt(1 - SQUARE_DECAY ** (step + 1))
        optimizer.clip_and_update(bptt.gradient.vector, rate, step + 1, clip_norm=CLIP_NORM)
        parameters.vector += DECAY * (trained - parameters.vector)
        network.refresh()


def test_what_it_knows_is_carried_from_block_to_block(parameters, ids):
    whole = reader_of(parameters).read(ids)[0]
    reader = reader_of(parameters)
    cut = 3 * SEGMENT + 1
    parts = [reader.read(part)[0] for part in (ids[:1], ids[1:cut], ids[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_threads_do_not_change_it(parameters, ids):
    assert len({reader_of(parameters, Workers(n)).read(ids)[0][1:].sum() for n in (1, 2, 3)}) == 1


@pytest.mark.parametrize("learning_rate", [0, -1, math.inf, math.nan])
def test_the_rate_must_be_positive(parameters, learning_rate):
    with pytest.raises(ConfigError, match="must be a positive number"):
        AdaptingNetwork(parameters, Workers(), Adaptation(learning_rate))
