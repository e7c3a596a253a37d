"""Clocks of this thread, of this process and on the wall; no time is 0, so that every speed is finite."""

import time
from collections.abc import Callable
from typing import Literal

Clock = Literal["perf_counter", "process_time", "thread_time"]
"""The name of a clock of ``time``."""


def since(start: float, clock: Clock) -> float:
    """Seconds from ``start`` by a clock, at least the least that it can tell."""
    now: float = getattr(time, clock)()
    return max(now - start, time.get_clock_info(clock).resolution)


def seconds_of_call(function: Callable[[], object]) -> float:
    """Seconds of a call by the thread's own clock: other programs on the core do not count."""
    start = time.thread_time()
    function()
    return since(start, "thread_time")
