import mmap
import sys
import time
from functools import partial

import pytest

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.worker import LEAST_STEPS, Job, forget_high_water, memory_now, timed


@pytest.mark.parametrize(("clock", "seconds"), [("wall", 3.0), ("cpu", 2.0)])
def test_the_clock_that_was_chosen_counts(clock, seconds, monkeypatch):
    now = {"perf_counter": 0.0, "process_time": 0.0}
    for name in now:
        monkeypatch.setattr(time, name, partial(now.get, name))

    def steps():
        while True:
            now["perf_counter"] += 3.0
            now["process_time"] += 2.0
            yield 2.5

    result = timed(steps(), Job("charrnn", "1/1/1/1/1", clock=clock))
    figures = {"steps": LEAST_STEPS, "step_seconds": seconds, "step_seconds_mean": seconds, "loss_nats": 2.5}
    assert result == figures


def test_the_cpu_clock_is_for_one_thread():
    with pytest.raises(BenchmarkError, match="--threads 1"):
        Job("charrnn", "1/1/1/1/1", threads=2, clock="cpu")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_the_high_water_mark_is_that_of_what_follows():
    size = 64 << 20
    with touched(size):
        pass
    forget_high_water()
    before = memory_now()[0]
    with touched(size // 4):
        assert size // 4 <= memory_now()[1] - before < size // 2


def touched(size):
    """Memory straight from the system, every page of it resident."""
    region = mmap.mmap(-1, size)
    for page in range(0, size, mmap.PAGESIZE):
        region[page] = 1
    return region
