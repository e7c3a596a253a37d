"""The time that this process has run: what a run's minutes are.

A process that is stopped (Ctrl-Z, SIGSTOP, a laptop asleep) is told neither of it nor of how long it took. So a thread
reads the clock at every beat. Two readings far apart, between which the process has used no processor either, show that
it was stopped. Waiting for a slow disk stops no beat; code that keeps other threads from running uses the processor.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

BEAT = 0.1
"""Seconds between two readings."""

LONGEST_GAP = 1.0
"""Seconds between two readings that count even if the process used no processor: others may have kept it busy."""


class ClockReading(NamedTuple):
    """The clocks at one moment, in seconds."""

    wall: float
    processor: float
    """That all threads of the process have used."""
    running: float
    """That the process has run."""


class Stopwatch:
    """Counts the seconds in which the process runs; each stop counts as ``LONGEST_GAP`` at most.

    Only ``beat`` writes, so that no lock is needed: an interrupt might leave it taken.

    Args:
        wall: a clock that goes on while the process is stopped.
        processor: the processor's time that the process has used.
    """

    def __init__(
        self, wall: Callable[[], float] = time.monotonic, processor: Callable[[], float] = time.process_time
    ) -> None:
        self._wall, self._processor = wall, processor
        self._last = ClockReading(wall(), processor(), 0.0)

    def _read(self) -> ClockReading:
        last, wall, processor = self._last, self._wall(), self._processor()
        gap = min(wall - last.wall, max(LONGEST_GAP, processor - last.processor))
        return ClockReading(wall, processor, last.running + gap)

    def seconds(self) -> float:
        """How long the process has run since this was made."""
        return self._read().running

    def beat(self) -> None:
        """Take a reading from which the next ones count."""
        self._last = self._read()


def _beat_for_ever(stopwatch: Stopwatch) -> None:
    while True:
        time.sleep(BEAT)
        stopwatch.beat()


_own: dict[int, Stopwatch] = {}
"""The stopwatch of each process: a fork has none of the threads of its parent."""


def running_seconds() -> float:
    """Seconds for which this process has run, from its first call on; only differences mean something."""
    process = os.getpid()
    if process not in _own:
        _own[process] = Stopwatch()
        threading.Thread(target=_beat_for_ever, args=(_own[process],), name="charrnn clock", daemon=True).start()
    return _own[process].seconds()
