import pytest

from charrnn.errors import CheckpointError
from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric
from charrnn.training.progress import THROUGHPUT_SECONDS, Clock, Progress, Throughput


def test_the_pace_is_that_of_the_last_seconds():
    throughput = Throughput()
    assert throughput.add(2.0, 100) == 50
    assert throughput.add(1.0, 200) == 100
    for _ in range(10):
        latest = throughput.add(THROUGHPUT_SECONDS / 2, 300)
    assert latest == pytest.approx(300 / (THROUGHPUT_SECONDS / 2))


def test_a_step_that_takes_long_has_its_own_pace():
    throughput = Throughput()
    throughput.add(0.1, 1000)
    assert throughput.add(10 * THROUGHPUT_SECONDS, 30 * THROUGHPUT_SECONDS) == 3
    assert throughput.add(10 * THROUGHPUT_SECONDS, 60 * THROUGHPUT_SECONDS) == 6


def test_steps_between_which_a_coarse_clock_stands_still_have_no_pace():
    throughput = Throughput()
    assert [throughput.add(seconds, 100) for seconds in (0.0, 0.0, 2.0, 0.0)] == [0, 0, 150, 200]


def test_a_clock_that_has_not_run_has_no_pace():
    assert Clock().chars_per_second() == 0
    assert Clock(training_seconds=2.0, characters=10).chars_per_second() == 5


def test_progress_comes_back_from_its_dict():
    progress = Progress(step=3, epoch=1, window=2, learning_rate=0.5, best=2.0)
    values = progress.to_dict(BITS_PER_CHARACTER)
    assert values["best_val_bpc"] == 2.0
    assert Progress.from_dict(values) == progress
    assert Progress.from_dict({}) == Progress()


def test_the_best_value_may_be_negative_and_large():
    metric = Metric("score", "score", higher_is_better=True)
    progress = Progress(best=-5000.5)
    assert Progress.from_dict(progress.to_dict(metric)) == progress


@pytest.mark.parametrize(
    "values",
    [
        [],
        {"best_val_bpc": float("inf")},
        {"best_val_bpc": -(10**400)},
        {"best_val_bpc": True},
        {"step": -1},
        {"step": 1.5},
        {"step": True},
        {"step": 10**400},
        {"norm_sum": 10**400},
        {"norm_sum": float("nan")},
        {"no-such": 1},
    ],
)
def test_damaged_progress_is_told(values):
    with pytest.raises(CheckpointError, match="cannot be resumed"):
        Progress.from_dict(values)
