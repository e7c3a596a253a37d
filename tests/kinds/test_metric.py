import math

import pytest

from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

ACCURACY = Metric("accuracy", "accuracy", higher_is_better=True)


def test_where_nothing_validates_training_counts():
    records = [{"val_bpc": None, "train_bpc": 2.5}, {"val_bpc": None, "train_bpc": None}, {"val_bpc": 2.25}]
    assert [BITS_PER_CHARACTER.of(record) for record in records] == [2.5, None, 2.25]


@pytest.mark.parametrize(("metric", "best"), [(BITS_PER_CHARACTER, 0.25), (ACCURACY, 0.75)])
def test_the_direction_decides_which_value_is_better(metric, best):
    assert metric.best([0.5, None, 0.25, 0.75]) == best
    assert metric.best([None]) is None
    assert metric.is_better(best, 0.5)
    assert metric.is_better(0.5, None)
    assert not metric.is_better(0.5, best)
    assert not metric.is_better(0.5, 0.5)
    assert not metric.is_better(math.nan, 0.5)


def test_a_loss_that_no_model_has_is_not_sound_and_any_finite_score_is():
    assert BITS_PER_CHARACTER.is_sound(6.0)
    assert ACCURACY.is_sound(-5000.0)
    for metric, value in ((BITS_PER_CHARACTER, 1e4), (BITS_PER_CHARACTER, math.nan), (ACCURACY, math.inf)):
        assert not metric.is_sound(value)
