import pytest

from charrnn.training.settings import TrainingSettings


def rates(points, **options):
    settings = TrainingSettings(learning_rate=1.0, warmup_steps=0, **options)
    return [settings.learning_rate_at(step=100, epoch=epoch, progress=progress) for epoch, progress in points]


def test_constant_stays():
    assert rates([(0, 0), (5, 0.5), (10, 1)], schedule="constant") == [1, 1, 1]


def test_step_is_multiplied_after_every_few_epochs():
    points = [(0, 0), (1.99, 0.2), (2, 0.2), (3.9, 0.4), (4, 0.4)]
    assert rates(points, schedule="step", decay_rate=0.5, decay_every=2) == [1, 1, 0.5, 0.5, 0.25]


def test_linear_falls_to_zero_at_the_end():
    assert rates([(0, 0), (0, 0.25), (0, 1)], schedule="linear") == [1, 0.75, 0]


def test_cosine_falls_slowly_at_both_ends():
    assert rates([(0, 0), (0, 0.5), (0, 1)], schedule="cosine") == pytest.approx([1, 0.5, 0])
    first, last = rates([(0, 0.1), (0, 0.9)], schedule="cosine")
    assert first > 0.97
    assert last < 0.03


def test_warm_up_rises_linearly_and_then_leaves_the_schedule_alone():
    settings = TrainingSettings(learning_rate=2.0, warmup_steps=4, schedule="constant")
    assert [settings.learning_rate_at(step, 0, 0) for step in range(6)] == [0.5, 1, 1.5, 2, 2, 2]
