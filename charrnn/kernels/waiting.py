"""Wait for another thread by spinning, as waking a sleeping thread takes longer than many kernels."""

import time
from functools import cache

import numpy as np

from charrnn.kernels.intrinsics import load_acquire, pause, store_release
from charrnn.kernels.jit import inlined, jit

TIMED_SPINS = 500
"""Spins in one measurement: some ten microseconds, so short that one of several measurements is undisturbed."""


@jit
def reaches(counter, value, patience):
    """Spin until ``counter[0]``, written by another thread, is at least ``value``; False after ``patience`` spins."""
    return seen(counter, value, patience)


@jit
def passes(own, counter, value, patience):
    """Set ``own[0] = value``, then spin like ``reaches`` until ``counter[0]`` is at least ``value + 1``.

    As this kernel has released the GIL, the thread that waits for ``own`` can take it.
    """
    store_release(own, value)
    return seen(counter, value + 1, patience)


@inlined
def seen(counter, value, patience):
    """Do what ``reaches`` does, inlined into the calling kernel."""
    for _ in range(patience):
        if load_acquire(counter) >= value:
            return True
        pause()
    return load_acquire(counter) >= value


def spins_in(seconds: float) -> int:
    """Number of spins that take ``seconds``."""
    return round(seconds * spins_per_second())


@cache
def spins_per_second() -> float:
    """Spins per second, measured once; processors differ by a factor of ten."""
    never, times = np.zeros(1, np.int64), []
    reaches(never, 1, 1)  # load or compile it
    for _ in range(5):
        began = time.perf_counter()
        reaches(never, 1, TIMED_SPINS)
        times.append(time.perf_counter() - began)
    return TIMED_SPINS / max(min(times), 1e-9)
