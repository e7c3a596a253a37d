"""Threads that share a kernel's work."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from charrnn.kernels.denormals import flush_denormals, restore
from charrnn.kernels.waiting import reaches

PATIENCE = 6_000
"""How often a thread looks before it sleeps: about a quarter of a millisecond."""


def available_threads() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """A fixed number of threads; the calling thread is one of them.

    Kernels release the GIL, so the parts of a job run at once.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        pool = ThreadPoolExecutor(threads - 1, "charrnn") if threads > 1 else None
        patience = PATIENCE if threads <= available_threads() else 0
        self._helpers = [Helper(pool, patience) for _ in range(1, threads)] if pool else []
        self._taken = threading.Lock()

    def run(self, job: Callable[[int, int], None], most: int | None = None) -> None:
        """Call ``job(part, parts)`` for each part, at once, and wait for all; the first exception is raised.

        Where the threads are at work for another caller, this one does all parts.

        Args:
            job: does part ``part`` of ``parts``.
            most: parts that the job can be cut into, if that may be fewer than the threads.
        """
        parts = self.threads if most is None else max(1, min(self.threads, most))
        if parts == 1 or not self._taken.acquire(blocking=False):
            without_denormals(job, 0, 1)
            return
        try:
            self._run(job, parts)
        finally:
            self._taken.release()

    def _run(self, job: Callable[[int, int], None], parts: int) -> None:
        helpers = self._helpers[: parts - 1]
        for part, helper in enumerate(helpers, 1):
            helper.start(partial(without_denormals, job, part, parts))
        try:
            without_denormals(job, 0, parts)
        finally:
            failures = [helper.wait() for helper in helpers]
        for failure in failures:
            if failure is not None:
                raise failure


class Helper:
    """A thread that does one part after another.

    It is a thread of a pool, and goes back there when nothing comes for a while. Both sides look out for the other's
    sign for a while before they sleep.
    """

    def __init__(self, pool: ThreadPoolExecutor, patience: int) -> None:
        self._pool, self._patience = pool, patience
        self._given, self._done = np.zeros(1, np.int64), np.zeros(1, np.int64)
        """How many parts; each is written by one side only."""
        self._awake = False
        self._waking = threading.Lock()
        self._ended = threading.Event()
        self._part: Callable[[], None] = _nothing
        self._failure: BaseException | None = None

    def start(self, part: Callable[[], None]) -> None:
        """Let the thread do a part."""
        self.wait()  # for one whose caller was interrupted
        self._part = part
        self._ended.clear()
        with self._waking:
            self._given[0] += 1
            asleep, self._awake = not self._awake, True
        if asleep:
            self._pool.submit(self._serve)

    def wait(self) -> BaseException | None:
        """Wait until the part is done; returns what it raised."""
        while not reaches(self._done, self._given[0], self._patience):
            self._ended.wait()
        return self._failure

    def _serve(self) -> None:
        while True:
            self._failure = None
            try:
                self._part()
            except BaseException as error:
                self._failure = error
            self._part = _nothing
            self._ended.set()  # before it counts: what comes after it may be the next part
            self._done[0] += 1
            if not reaches(self._given, self._done[0] + 1, self._patience):
                with self._waking:
                    self._awake = self._given[0] > self._done[0]
                    if not self._awake:
                        return


def _nothing() -> None:
    pass


def without_denormals(job: Callable[[int, int], None], part: int, parts: int) -> None:
    """Call ``job(part, parts)`` with denormal numbers taken as zero in this thread."""
    mode = flush_denormals()
    try:
        job(part, parts)
    finally:
        restore(mode)


def share(count: int, part: int, parts: int) -> tuple[int, int]:
    """First and one beyond the last of ``count`` things that belong to ``part`` of ``parts``."""
    return count * part // parts, count * (part + 1) // parts
