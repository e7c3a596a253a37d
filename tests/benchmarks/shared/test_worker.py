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
    assert len(bytearray(size)) == size  # and gone
    forget_high_water()
    before = memory_now()[0]
    held = bytearray(size // 4)
    assert len(held) <= memory_now()[1] - before < 2 * len(held)
