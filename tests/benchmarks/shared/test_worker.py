import mmap
import sys
import time

import pytest

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.worker import LEAST_STEPS, Job, forget_high_water, memory_now, timed


def test_the_clock_that_was_chosen_counts():
    def steps():
        while True:
            time.sleep(0.01)
            yield 2.5

    wall, cpu = (timed(steps(), Job("charrnn", "1/1/1/1/1", clock=clock)) for clock in ("wall", "cpu"))
    assert cpu["step_seconds"] < 0.01 <= wall["step_seconds"]
    assert (wall["steps"], wall["loss_nats"]) == (LEAST_STEPS, 2.5)


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
