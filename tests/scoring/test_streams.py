import math

import numpy as np
import pytest
import reference

from charrnn import scoring
from charrnn.errors import CorpusError
from charrnn.model.network import Network
from charrnn.model.workers import Workers
from charrnn.scoring import Score, score


@pytest.fixture
def network(make_parameters):
    return Network(make_parameters(vocab_size=9, hidden_size=12, num_layers=2, precision="float64"), Workers(2))


def reference_nats(network, ids):
    losses = reference.loss(
        network.parameters.tensors, ids[:-1, np.newaxis], ids[1:, np.newaxis], network.zero_state(1)
    )
    return losses * (len(ids) - 1)


@pytest.mark.parametrize("length", [2, 3, 100, scoring.WINDOW + 1, scoring.WINDOW + 2, 700])
def test_a_short_text_is_read_in_one_piece(network, random, length):
    ids = random.integers(0, 9, length).astype(np.int32)
    result = score(network, ids)
    assert result.characters == length - 1
    assert result.nats == pytest.approx(reference_nats(network, ids), rel=1e-6)


def test_a_long_text_in_streams_scores_as_if_read_in_one_piece(network, random):
    ids = random.integers(0, 9, 3 * scoring.STREAM_LENGTH + 5).astype(np.int32)
    result = score(network, ids)
    assert result.characters == len(ids) - 1
    assert result.nats == pytest.approx(reference_nats(network, ids), rel=1e-6)


def test_threads_do_not_change_a_score(make_parameters, random):
    parameters = make_parameters(vocab_size=9, hidden_size=12)
    ids = random.integers(0, 9, 3 * scoring.STREAM_LENGTH).astype(np.int32)
    assert len({score(Network(parameters, Workers(threads)), ids).nats for threads in (1, 2, 3)}) == 1


@pytest.mark.parametrize("length", [0, 1])
def test_a_text_with_nothing_to_predict_is_an_error(network, length):
    with pytest.raises(CorpusError, match=f"at least 2 characters, not {length}"):
        score(network, np.zeros(length, np.int32))


def test_units():
    result = Score(nats=math.log(8) * 10, characters=10)
    assert result.bits_per_character == pytest.approx(3)
    assert result.nats_per_character == pytest.approx(math.log(8))
    assert result.perplexity == pytest.approx(8)
