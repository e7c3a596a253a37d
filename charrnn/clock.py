"""A clock of the time for which this process has run, without the time for which it was stopped.

It measures a run's minutes.

A process is not told that it was stopped (Ctrl-Z, SIGSTOP, a sleeping laptop), nor for how long. So a thread reads the
clock regularly. If two readings are far apart and the process has used no processor time between them, it was stopped.
A wait for a slow disk does not delay the thread, and code that blocks other threads uses processor time.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

BEAT = 0.1
"""Seconds between two readings."""

LONGEST_GAP = 1.0
"""Longest gap in seconds that counts as running even without processor time: other processes may have used it."""


class ClockReading(NamedTuple):
    """A reading of the clocks, in seconds."""

    wall: float
    processor: float
    """Processor time of all threads of the process, read before the wall clock."""
    running: float
    """Time for which the process has run."""


class Stopwatch:
    """A count of the seconds for which the process runs; while it is stopped, at most ``LONGEST_GAP`` are counted.

    Only ``beat`` changes the count, so it needs no lock, which an interrupt might leave locked.

    Args:
        wall: a clock that also runs while the process is stopped.
        processor: a clock of the processor time that the process has used.
    """

    def __init__(
        self, wall: Callable[[], float] = time.monotonic, processor: Callable[[], float] = time.process_time
    ) -> None:
        self._wall, self._processor = wall, processor
        self._last = ClockReading(wall(), processor(), 0.0)

    def _read(self) -> ClockReading:
        # A thread may be held up between two readings. Processor time used meanwhile counts in this gap and the next.
        last, processor, wall = self._last, self._processor(), self._wall()
        gap = min(wall - last.wall, max(LONGEST_GAP, self._processor() - last.processor))
        return ClockReading(wall, processor, last.running + gap)

    def seconds(self) -> float:
        """Return how long the process has run since the stopwatch was created."""
        return self._read().running

    def beat(self) -> None:
        """Read the clocks and count the time since the last reading."""
        self._last = self._read()


def _beat_for_ever(stopwatch: Stopwatch) -> None:
    while True:
        time.sleep(BEAT)
        stopwatch.beat()


_own: dict[int, Stopwatch] = {}
"""The stopwatch of each process, by its id: a fork needs its own, as it has no threads of its parent."""


def running_seconds() -> float:
    """Return the seconds for which this process has run since the first call; only differences are meaningful."""
    process = os.getpid()
    if process not in _own:
        _own[process] = Stopwatch()
        threading.Thread(target=_beat_for_ever, args=(_own[process],), name="charrnn clock", daemon=True).start()
    return _own[process].seconds()
