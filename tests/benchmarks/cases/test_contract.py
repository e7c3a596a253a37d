import pytest

from benchmarks.cases import contract
from benchmarks.cases.contract import Case, seconds_of


@pytest.mark.parametrize(
    ("busy", "idle", "found"),
    [
        ((5.0, 4.0, 9.0), (1.0, 2.0, 8.0), (3.0, False)),
        ((5.0, 4.0, 9.0), (1.0, 6.0, 8.0), (4.0, True)),  # disturbed more often while idle
        ((2.0, 2.0, 2.0), (2.0, 2.0, 2.0), (2.0, True)),  # a clock too coarse for either
        ((0.5, 7.0, 7.0), (9.0, 9.0, 9.0), (0.5, True)),
    ],
)
def test_a_call_has_a_time_however_busy_the_machine_is(busy, idle, found, monkeypatch):
    case = Case("", "", run=iter(busy), error=float, idle=iter(idle))
    monkeypatch.setattr(contract, "seconds_of_call", next)
    assert seconds_of(case, limit=0.0) == found
