import time
from types import SimpleNamespace

import pytest

from benchmarks.shared.clock import seconds_of_call, since


@pytest.mark.parametrize("clock", ["perf_counter", "process_time", "thread_time"])
def test_no_time_is_shorter_than_a_clock_can_tell(clock, monkeypatch):
    monkeypatch.setattr(time, clock, lambda: 5.0)
    monkeypatch.setattr(time, "get_clock_info", lambda name: SimpleNamespace(resolution={clock: 0.015}[name]))
    assert since(5.0, clock) == since(7.0, clock) == 0.015
    assert since(3.0, clock) == 2.0


def test_a_call_takes_what_passes_within_it(monkeypatch):
    now = [1.0]
    monkeypatch.setattr(time, "thread_time", lambda: now[0])
    assert seconds_of_call(lambda: now.__setitem__(0, 4.0)) == 3.0
