"""Waiting for another thread without going to sleep: waking up takes longer than many a kernel."""

import time
from functools import cache

import numpy as np

from charrnn.kernels.intrinsics import load_acquire, pause, store_release
from charrnn.kernels.jit import inlined, jit

TIMED_SPINS = 500
"""To measure: some ten microseconds, so that one of a few times nothing comes between."""


@jit
def reaches(counter, value, patience):
    """Whether ``counter[0]``, an int64 that another thread writes, is ``value`` or more, after ``patience`` spins."""
    return seen(counter, value, patience)


@jit
def passes(own, counter, value, patience):
    """The same of ``value + 1``, after ``own[0] = value``: who waits for that finds the GIL free when it is seen."""
    store_release(own, value)
    return seen(counter, value + 1, patience)


@inlined
def seen(counter, value, patience):
    """See ``reaches``."""
    for _ in range(patience):
        if load_acquire(counter) >= value:
            return True
        pause()
    return load_acquire(counter) >= value


def spins_in(seconds: float) -> int:
    """How many spins take so long."""
    return round(seconds * looks_per_second())


@cache
def looks_per_second() -> float:
    """Measured once: ten times as many on one processor as on another."""
    never, times = np.zeros(1, np.int64), []
    reaches(never, 1, 1)  # loaded or compiled
    for _ in range(5):
        began = time.perf_counter()
        reaches(never, 1, TIMED_SPINS)
        times.append(time.perf_counter() - began)
    return TIMED_SPINS / max(min(times), 1e-9)
