import pytest

from charrnn.cli.train.reports import Mean, fitting, rollback_line
from charrnn.training.events import RolledBack


@pytest.mark.parametrize(
    ("width", "line"), [(None, "aa  bb  cc"), (10, "aa  bb  cc"), (9, "aa  cc"), (5, "cc"), (1, "cc")]
)
def test_the_least_important_fields_are_left_out(width, line):
    assert fitting([(1, "aa"), (2, "bb"), (0, "cc")], width) == line


def test_a_running_mean():
    mean = Mean()
    assert [mean.add(value) for value in (4.0, 2.0, 3.0)] == [4.0, 3.0, 3.0]
    for _ in range(1000):
        mean.add(7.0)
    assert mean.add(7.0) == pytest.approx(7.0)


def test_a_divergence_is_told_in_a_line():
    assert rollback_line(RolledBack(1234, 1000, 0.25, "loss nan nats, gradient norm nan")) == (
        "step 1,234  diverged (loss nan nats, gradient norm nan): training goes on from step 1,000, "
        "with the learning rate times 0.25"
    )
