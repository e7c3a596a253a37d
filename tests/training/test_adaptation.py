import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.models.language.network import Network
from charrnn.scoring.defaults import Adaptation
from charrnn.training.adaptation import (
    FEWEST,
    LEAST_MINUTES,
    MOST_LEARNED_FROM,
    characters_for,
    choose_adaptation,
    choosing_seconds,
)
from charrnn.training.contract import StoppedError
from charrnn.training.dynamic import DynamicReader


@pytest.fixture
def network(make_parameters):
    return Network(make_parameters(vocab_size=7, hidden_size=10, num_layers=1))


@pytest.fixture
def ids():
    return np.tile([0, 3, 1, 6, 2, 2, 5], 100).astype(np.int32)


def nothing():
    pass


def test_what_is_chosen_is_better_than_the_default_by_the_loss_it_reports(network, ids):
    before = network.parameters.vector.copy()
    chosen = choose_adaptation(network, ids, nothing)
    assert chosen.adaptation.rate > Adaptation().rate  # an untrained model has everything to learn
    for adaptation, nats in ((chosen.adaptation, chosen.nats), (Adaptation(), chosen.default_nats)):
        losses, _ = DynamicReader(network.config.kind.adapting(network, adaptation)).read(ids)
        assert losses[1:].mean() == pytest.approx(nats, abs=1e-6)
    assert chosen.nats < chosen.default_nats
    assert np.array_equal(network.parameters.vector, before)


def test_the_choice_can_be_stopped(network, ids):
    def stop():
        raise StoppedError

    with pytest.raises(StoppedError):
        choose_adaptation(network, ids, stop)


def test_short_runs_large_models_and_short_texts_keep_the_default():
    assert characters_for(60, 10**6, 10**6) == MOST_LEARNED_FROM
    assert characters_for(60, 10**6, 5000) == 5000
    assert FEWEST <= characters_for(10, 10**6, 10**6) < MOST_LEARNED_FROM
    assert characters_for(60, 10**8, 10**6) == 0
    assert characters_for(60, 10**6, FEWEST - 1) == 0
    assert characters_for(LEAST_MINUTES / 2, 10**3, 10**6) == 0
    assert choosing_seconds(LEAST_MINUTES / 2) == 0
    assert choosing_seconds(60) < 0.05 * 3600


def test_a_header_tells_how_a_model_adapts():
    assert Adaptation.of({}) == Adaptation()
    chosen = Adaptation(0.1, 40, 0.01)
    assert Adaptation.of({"adaptation": chosen._asdict()}) == chosen
    for values in ({"rate": 0}, {"rate": "x"}, {"segment": 0}, {"segment": 2.5}, {"decay": 2}, {"speed": 1}, [1]):
        with pytest.raises(CheckpointError, match="use another checkpoint"):
            Adaptation.of({"adaptation": values})
