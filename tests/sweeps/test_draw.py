import math
from statistics import median

import pytest

from charrnn.sweeps.draw import draws

CHOICES = {
    "learning-rate": {"min": 1e-4, "max": 1e-2, "log": True},
    "dropout": {"min": 0.0, "max": 0.5},
    "hidden-size": {"min": 8, "max": 11},
    "seq-length": {"min": 16, "max": 256, "log": True},
    "optimizer": ["adam", "sgd"],
}
WHOLE = {"hidden-size", "seq-length"}


def drawn(trials, seed=0):
    return list(draws(CHOICES, WHOLE, trials=trials, seed=seed))


def test_draws_are_those_of_the_seed_and_more_trials_only_add():
    assert drawn(5) == drawn(20)[:5]
    assert drawn(5) != drawn(5, seed=1)


def test_draws_cover_their_ranges():
    trials = drawn(2000)
    values = {key: [trial[key] for trial in trials] for key in CHOICES}
    assert set(values["hidden-size"]) == {8, 9, 10, 11}
    assert set(values["optimizer"]) == {"adam", "sgd"}
    assert all(isinstance(value, int) for value in values["seq-length"])
    for key in ("learning-rate", "dropout", "seq-length"):
        low, high = CHOICES[key]["min"], CHOICES[key]["max"]
        assert low <= min(values[key]) < low + (high - low) / 20
        assert high - (high - low) / 20 < max(values[key]) <= high
    assert median(values["dropout"]) == pytest.approx(0.25, rel=0.1)
    assert median(map(math.log10, values["learning-rate"])) == pytest.approx(-3, rel=0.05)


def test_drawn_numbers_are_short():
    assert max(len(f"{trial['learning-rate'] * 1e6:.9g}") for trial in drawn(100)) <= len("123.4")
