import pytest

from charrnn.errors import ConfigError
from charrnn.training.options import check_limits
from charrnn.training.settings import DEFAULT_MINUTES, TrainingSettings, settings_of


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("batch_size", 0, "batch_size must be a whole number of at least 1, not 0"),
        ("seq_length", -3, "seq_length must be a whole number of at least 0, not -3"),
        ("update_every", 65, "update_every must be at most seq_length, 64, not 65"),
        ("learning_rate", float("nan"), "learning_rate must be at least 0, not nan"),
        ("clip_norm", -1.0, "clip_norm must be at least 0, not -1.0"),
        ("weight_decay", -0.1, "weight_decay must be at least 0"),
        ("clip_value", -1.0, "clip_value must be at least 0"),
        ("steps", -1, "steps must be a whole number of at least 0"),
        ("minutes", float("inf"), "minutes must be finite, not inf"),
        ("minutes", 2e7, "minutes must be at least 0 and at most 10,000,000, not 20000000.0"),
        ("eval_every", -1, "eval_every must be a whole number of at least 0"),
        ("val_fraction", 1.0, "val_fraction must be at least 0 and below 1, not 1.0"),
        ("reset_probability", 1.5, "reset_probability must be at least 0 and at most 1"),
        ("decay_rate", 0.0, "decay_rate must be above 0 and at most 1"),
        ("decay_every", 0.0, "decay_every must be at least 0.001"),
        ("steps", "5", "steps must be a whole number of at least 0, not '5'"),
        ("batch_size", 2.5, "batch_size must be a whole number of at least 1, not 2.5"),
        ("minutes", "ten", "minutes must be a number, not 'ten'"),
        ("schedule", 1, "schedule must be a text, not 1"),
        ("rng_seed", -1, "rng_seed must be a whole number of at least 0"),
        ("steps", 10**400, r"steps must be below 2\^63"),
        ("minutes", 10**400, r"minutes must be below 2\^63"),
        ("schedule", "sawtooth", "unknown schedule 'sawtooth': choose one of constant, step, linear, cosine"),
        ("optimizer", "lion", "unknown optimizer 'lion': choose one of adagrad, adam, rmsprop, sgd"),
    ],
)
def test_a_bad_value_is_an_error_that_says_what_is_wanted(option, value, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        TrainingSettings(**{option: value})


def test_without_a_limit_a_run_takes_the_default_time():
    assert TrainingSettings().minutes == DEFAULT_MINUTES
    assert TrainingSettings(steps=5).minutes == 0


def test_the_learning_rate_is_the_optimizers_unless_given():
    assert TrainingSettings(optimizer="sgd").learning_rate == 0.5
    assert TrainingSettings(optimizer="sgd", learning_rate=0.1).learning_rate == 0.1


def test_settings_survive_a_round_trip():
    settings = TrainingSettings(steps=3, schedule="cosine")
    assert settings_of(settings.to_dict()) == settings


@pytest.mark.parametrize(
    "given", [{}, {"steps": None}, {"steps": 5}, {"steps": 0, "minutes": 2}, {"epochs": 0.0, "steps": 3}]
)
def test_a_limit_of_0_beside_another_switches_it_off(given):
    check_limits(given)


@pytest.mark.parametrize("given", [{"steps": 0}, {"epochs": 0.0, "minutes": None}, {"minutes": 0, "steps": 0}])
def test_a_limit_of_0_alone_is_refused(given):
    with pytest.raises(ConfigError, match=r"must be above 0, not 0(\.0)?: leave it out for no limit by"):
        check_limits(given)
