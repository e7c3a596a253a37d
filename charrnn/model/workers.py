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
        self._hire()

    def _hire(self) -> None:
        self._process = os.getpid()
        self._taken = threading.Lock()
        pool = ThreadPoolExecutor(self.threads - 1, "charrnn") if self.threads > 1 else None
        patience = PATIENCE if self.threads <= available_threads() else 0
        self._helpers = [Helper(pool, patience) for _ in range(1, self.threads)] if pool else []

    def run(self, job: Callable[[int, int], None], most: int | None = None) -> None:
        """Call ``job(part, parts)`` for each part, at once, and wait for all; the first exception is raised.

        Where the threads are at work for another caller, this one does all parts.

        Args:
            job: does part ``part`` of ``parts``.
            most: parts that the job can be cut into, if that may be fewer than the threads.
        """
        if self._process != os.getpid():  # a fork, which has none of the threads
            self._hire()
        parts = self.threads if most is None else max(1, min(self.threads, most))
        if parts == 1 or not self._taken.acquire(blocking=False):
            without_denormals(job, 0, 1)
            return
        try:
            self._run(job, parts)
        finally:
            self._taken.release()

    def _run(self, job: Callable[[int, int], None], parts: int) -> None:
        at_work: list[Helper] = []
        failures: list[BaseException | None] = []
        try:
            for part, helper in enumerate(self._helpers[: parts - 1], 1):
                helper.start(partial(without_denormals, job, part, parts))
                at_work.append(helper)
            without_denormals(job, 0, parts)
        finally:
            failures += [helper.wait() for helper in at_work]
        for failure in failures:
            if failure is not None:
                raise failure


class Helper:
    """A thread that does one part after another.

    It is a thread of a pool, and goes back there when nothing comes for a while. Both sides look out for the other's
    sign for a while before they sleep. The caller may be interrupted between any two steps: a part that was given then
    is done or dropped before the next one is.
    """

    def __init__(self, pool: ThreadPoolExecutor, patience: int) -> None:
        self._pool, self._patience = pool, patience
        self._given, self._done = np.zeros(1, np.int64), np.zeros(1, np.int64)
        """How many parts; only the other thread writes the second one."""
        self._lock = threading.Lock()
        """Of ``_given`` and ``_awake``: no part is given to a thread that is about to sleep."""
        self._awake = False
        self._ended = threading.Event()
        self._part: Callable[[], None] = _nothing
        self._failure: BaseException | None = None

    def start(self, part: Callable[[], None]) -> None:
        """Let the thread do a part."""
        self._drop()
        self.wait()
        self._part = part
        self._ended.clear()
        with self._lock:
            self._given[0] += 1
            asleep = not self._awake
        if asleep:
            try:
                self._pool.submit(self._serve)
            except RuntimeError:  # no thread can be started
                self._drop()
                raise

    def _drop(self) -> None:
        """Take back a part that no thread has come for."""
        with self._lock:
            if not self._awake:
                self._given[0] = self._done[0]

    def wait(self) -> BaseException | None:
        """Wait until the part is done; returns what it raised."""
        while not reaches(self._done, self._given[0], self._patience):
            self._ended.wait()
        failure, self._failure = self._failure, None
        return failure

    def _serve(self) -> None:
        with self._lock:
            if self._awake:  # another thread of the pool came first
                return
            self._awake = True
        while self._is_given():
            try:
                self._part()
            except BaseException as error:
                self._failure = error
            self._part = _nothing
            self._ended.set()  # before it counts: what comes after it may be the next part
            self._done[0] += 1

    def _is_given(self) -> bool:
        """Whether there is another part to do; if not, this thread sleeps."""
        if reaches(self._given, self._done[0] + 1, self._patience):
            return True
        with self._lock:
            self._awake = bool(self._given[0] > self._done[0])
            return self._awake


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
