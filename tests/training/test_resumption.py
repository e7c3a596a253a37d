import pytest

from charrnn.errors import ConfigError
from charrnn.kinds.config import make_config
from charrnn.training.resumption import merged_settings
from charrnn.training.settings import TrainingSettings

KNOWN = TrainingSettings(steps=100, epochs=2, learning_rate=0.01).to_dict()
SHAPE = make_config(5, hidden_size=8).to_dict()


def merged(**given):
    return merged_settings(KNOWN, SHAPE, given)


def test_without_options_nothing_changes():
    assert merged() == (TrainingSettings(**KNOWN), ())
    assert merged(hidden_size=8, rng_seed=0) == (TrainingSettings(**KNOWN), ())


def test_a_limit_takes_the_place_of_all_limits():
    settings, notes = merged(minutes=5.0)
    assert settings.limits == {"minutes": 5}
    assert notes == ()


def test_a_limit_that_is_as_before_leaves_the_others():
    assert merged(epochs=2.0)[0].limits == {"steps": 100, "epochs": 2}
    assert merged(epochs=2.0, steps=50)[0].limits == {"epochs": 2, "steps": 50}
    assert merged(steps=50)[0].limits == {"steps": 50}


def test_what_changes_what_is_learned_is_told():
    settings, notes = merged(learning_rate=0.02, eval_every=7)
    assert (settings.learning_rate, settings.eval_every, settings.steps) == (0.02, 7, 100)
    assert notes == ("learning_rate was 0.01 and is 0.02 from here on",)


def test_what_would_make_another_run_is_an_error():
    with pytest.raises(ConfigError, match=r"hidden_size is 8 in this run and cannot become 9: leave it out"):
        merged(hidden_size=9)
    with pytest.raises(ConfigError, match=r"batch_size .*, rng_seed .*: leave them out"):
        merged(batch_size=2, rng_seed=1)


def test_the_default_of_a_cells_hyperparameter_may_be_given():
    assert merged(forget_bias_low=-3.0) == merged()
    with pytest.raises(ConfigError, match=r"forget_bias_low is -3.0 in this run and cannot become 2"):
        merged(forget_bias_low=2.0)
