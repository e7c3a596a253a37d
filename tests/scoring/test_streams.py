import math
from itertools import pairwise

import numpy as np
import pytest
import reference

from charrnn.errors import CorpusError
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.scoring import streams
from charrnn.scoring.streams import StreamReader, score
from charrnn.workers import Workers


@pytest.fixture
def network(make_parameters):
    return Network(make_parameters(vocab_size=9, hidden_size=12, num_layers=2, precision="float64"), Workers(2))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(streams, "SCORED_BLOCK", 1000)
    monkeypatch.setattr(streams, "STREAM_LENGTH", 300)


def reference_losses(network, ids):
    """The loss of each prediction, and the rank of what came."""
    logits = reference.forward(network.parameters.tensors, ids[:-1, np.newaxis], network.initial_state(1))[0][:, 0]
    chosen = np.take_along_axis(logits, ids[1:, np.newaxis].astype(int), -1)
    return -np.take_along_axis(reference.log_softmax(logits), ids[1:, np.newaxis].astype(int), -1)[:, 0], 1 + (
        logits > chosen
    ).sum(-1)


@pytest.mark.parametrize("length", [2, 3, 100, streams.WINDOW + 1, streams.WINDOW + 2])
def test_a_short_text_is_read_in_one_piece(network, random, length):
    ids = random.integers(0, 9, length).astype(np.int32)
    result = score(network, ids)
    assert result.characters == length - 1
    assert result.nats == pytest.approx(reference_losses(network, ids)[0].sum(), rel=1e-12)


def test_each_character_has_its_loss_and_rank(network, random):
    ids = random.integers(0, 9, 500).astype(np.int32)
    losses, ranks = StreamReader(network).read(ids)
    wanted_losses, wanted_ranks = reference_losses(network, ids)
    assert math.isnan(losses[0])
    assert ranks[0] == 0
    np.testing.assert_allclose(losses[1:], wanted_losses, rtol=1e-10)
    assert np.array_equal(ranks[1:], wanted_ranks)


@pytest.mark.parametrize("cuts", [(1,), (2,), (250,), (0, 1, 1, 2, 499)])
def test_the_state_is_carried_from_block_to_block(network, random, cuts):
    ids = random.integers(0, 9, 500).astype(np.int32)
    whole = StreamReader(network).read(ids)
    reader = StreamReader(network)
    parts = [reader.read(part) for part in np.split(ids, cuts)]
    for i in range(2):
        assert np.array_equal(np.concatenate([part[i] for part in parts]), whole[i], equal_nan=True)


def test_a_long_text_in_streams_scores_as_if_read_in_one_piece(network, random):
    ids = random.integers(0, 9, 3 * streams.STREAM_LENGTH + 5).astype(np.int32)
    result = score(network, ids)
    assert result.characters == len(ids) - 1
    assert result.nats == pytest.approx(reference_losses(network, ids)[0].sum(), rel=1e-6)


@pytest.mark.usefixtures("small_blocks")
def test_a_text_of_many_blocks_and_streams_scores_as_if_read_in_one_piece(network, random):
    ids = random.integers(0, 9, 4321).astype(np.int32)
    result = score(network, ids)
    assert result.characters == len(ids) - 1
    assert result.nats == pytest.approx(reference_losses(network, ids)[0].sum(), rel=1e-6)


@pytest.mark.usefixtures("small_blocks")
def test_a_reader_can_be_told_to_read_in_one_pass_whatever_the_length(network, random, monkeypatch):
    monkeypatch.setattr(streams, "WARM_UP", 1)  # so that streams would be seen
    ids = random.integers(0, 9, 1300).astype(np.int32)
    wanted = reference_losses(network, ids)[0]
    np.testing.assert_allclose(StreamReader(network, one_pass=True).read(ids)[0][1:], wanted, rtol=1e-9)
    assert np.abs(StreamReader(network).read(ids)[0][1:] - wanted).max() > 1e-6


def test_a_score_is_the_sum_of_what_is_seen_when_drawing_character_by_character(make_parameters, random):
    network = Network(make_parameters(vocab_size=9, hidden_size=12), Workers(2))
    ids = random.integers(0, 9, (400, 1, 1)).astype(np.int32)
    state, window, nats = network.initial_state(1), LanguageBuffers.allocate(network.config, 1, 1), 0.0
    for before, drawn in pairwise(ids):
        network.run(before, state, window)
        nats -= reference.log_softmax(window.logits[0, 0, :9].astype(np.float64))[drawn[0, 0]]
    assert score(network, ids[:, 0, 0]).nats == pytest.approx(nats, rel=1e-6)


def test_threads_do_not_change_a_score(make_parameters, random):
    parameters = make_parameters(vocab_size=9, hidden_size=12)
    ids = random.integers(0, 9, 3 * streams.STREAM_LENGTH).astype(np.int32)
    assert len({score(Network(parameters, Workers(threads)), ids).nats for threads in (1, 2, 3)}) == 1


def test_the_loss_of_a_diverged_model_is_not_finite(network, random):
    network.parameters["head.bias"][3] = np.nan
    assert math.isnan(score(network, random.integers(0, 9, 50).astype(np.int32)).nats)


@pytest.mark.parametrize("length", [0, 1])
def test_a_text_with_nothing_to_predict_is_an_error(network, length):
    with pytest.raises(CorpusError, match=f"at least 2 characters, not {length}"):
        score(network, np.zeros(length, np.int32))
