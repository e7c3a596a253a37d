import pytest

from charrnn.errors import ConfigError
from charrnn.training.options import check_options, check_value, interplay
from charrnn.training.settings import OPTIMIZER_OPTIONS, TRAINING_OPTIONS

OTHERS = {
    "optimizer": "sgd",
    "schedule": "cosine",
    "reset_probability": 0.5,
    "val_fraction": 0.3,
    "decay_rate": 0.25,
    "outer_momentum": 0.5,
}
"""Values that are not the defaults, where 3 would be none or unfit."""


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("order", 5),
        ("context_size", 4),
        ("dropout", 0.5),
        ("model", "tdnn"),
        ("model", "narx"),
        ("lags", 3),
        ("update_every", 900),
        ("momentum", 0.5),
    ],
)
def test_a_value_that_some_run_can_have_is_fit(option, value):
    check_value(option, value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("order", 21),
        ("hidden_size", 0),
        ("model", "cnn"),
        ("update_every", -1),
        ("hidden_sise", 8),
        ("momentum", 1),
        ("update_every", "x"),
        ("update_every", 1.5),
        ("update_every", []),
    ],
)
def test_a_value_that_no_run_can_have_is_refused(option, value):
    with pytest.raises(ConfigError, match=option):
        check_value(option, value)


@pytest.mark.parametrize("option", sorted(TRAINING_OPTIONS))
def test_counts_have_the_training_options_that_counting_uses(option):
    value = OTHERS.get(option, 0.5 if option in OPTIMIZER_OPTIONS else 3)
    check_value(option, value)
    check_options(model="ngram", **{option: TRAINING_OPTIONS[option].default})
    if option in ("val_fraction", "rng_seed"):
        check_options(model="ngram", **{option: value})
        return
    with pytest.raises(ConfigError, match=f"model ngram has no {option}: leave it out"):
        check_options(model="ngram", **{option: value})


@pytest.mark.parametrize(
    ("fit", "unfit"),
    [
        ({"model": "ngram", "steps": 0}, {"model": "ngram", "steps": 5}),
        ({"patience": 3, "val_fraction": 0.2}, {"patience": 3, "val_fraction": 0.0}),
        ({"optimizer": "sgd", "momentum": 0.5}, {"optimizer": "adam", "momentum": 0.5}),
        ({"seq_length": 20, "update_every": 10}, {"seq_length": 8, "update_every": 10}),
    ],
)
def test_options_that_fit_together_are_told_from_those_that_do_not(fit, unfit):
    check_options(**fit)
    with pytest.raises(ConfigError):
        check_options(**unfit)
    assert interplay(fit) != interplay(unfit)
    assert interplay({**fit, "learning_rate": 0.1}) == interplay({**fit, "learning_rate": 0.2})
