"""Threads that share a kernel's work."""

import contextlib
import math
import os
import threading
import weakref
from _thread import start_new_thread
from collections.abc import Callable
from functools import partial

import numpy as np

from charrnn.arguments import MOST_THREADS
from charrnn.errors import ConfigError
from charrnn.kernels.denormals import flush_denormals, restore
from charrnn.kernels.waiting import passes, reaches, spins_in
from charrnn.machine import processor_quota

SPIN_SECONDS = 0.00025
"""Seconds that a thread looks before it sleeps."""


def available_threads() -> int:
    """Cores that this process may use: of a container, those whose time it may use up, rounded up.

    With a quota of 1.5, two threads do three quarters of what two cores would; one thread would leave a third unused.
    """
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on; the interpreter can be told how many there are
        cores = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, math.ceil(min(processor_quota(), MOST_THREADS))))


class Workers:
    """A fixed number of threads; the calling thread is one of them.

    Kernels release the GIL, so the parts of a job run at once.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._hire()

    def _hire(self) -> None:
        self._process = os.getpid()
        self._caller: dict[str, int] = {}
        """The thread that ``run`` works for; a dictionary, since an interrupt would leave a lock taken."""
        patience = spins_in(SPIN_SECONDS) if 1 < self.threads <= available_threads() else 0
        self._helpers = [Helper(patience) for _ in range(1, self.threads)]
        weakref.finalize(self, _dismiss, self._helpers)

    def run(self, job: Callable[[int, int], None], most: int | None = None) -> None:
        """Call ``job(part, parts)`` for each part, at once, and wait for all; the first exception is raised.

        Where the threads are at work for another caller, this one does all parts. A job must not call ``run`` itself.
        Who is interrupted may have left a part at work: the next job waits for that.

        Args:
            job: does part ``part`` of ``parts``.
            most: parts that the job can be cut into, if that may be fewer than the threads.
        """
        if self._process != os.getpid():  # a fork, which has none of the threads
            self._hire()
        parts = self.threads if most is None else max(1, min(self.threads, most))
        me = threading.get_ident()
        if parts == 1 or self._caller.setdefault("thread", me) != me:
            without_denormals(job, 0, 1)
            return
        try:
            self._run(job, parts)
        finally:
            self._caller.clear()

    def _run(self, job: Callable[[int, int], None], parts: int) -> None:
        at_work: list[Helper] = []
        try:
            for part, helper in enumerate(self._helpers[: parts - 1], 1):
                helper.start(partial(without_denormals, job, part, parts))
                at_work.append(helper)
            without_denormals(job, 0, parts)
        finally:
            failures = [helper.wait() for helper in at_work]
        for failure in failures:
            if failure is not None:
                raise failure


class Helper:
    """A thread that does one part after another.

    Both sides look out for the other's sign for a while before they sleep. The caller may be interrupted between any
    two steps, and must find no lock taken that nobody gives back: so both sleep on plain locks, not on conditions.

    A part counts as done when ``passes`` says so, which the thread calls next and which needs no GIL. A caller that
    sleeps is woken up before that, and may look too early; so it is woken up once more before the thread sleeps.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._given, self._done = np.zeros(1, np.int64), np.zeros(1, np.int64)
        """How many parts; each is written by one side."""
        self._wake, self._ended, self._serving = threading.Lock(), threading.Lock(), threading.Lock()
        self._wake.acquire()
        self._ended.acquire()
        self._part: Callable[[], None] = _nothing
        self._failure: BaseException | None = None
        self._dismissed = False

    def start(self, part: Callable[[], None]) -> None:
        """Let the thread do a part."""
        if not self._serving.locked():
            try:
                start_new_thread(self._serve, ())
            except RuntimeError:
                raise ConfigError("the system lets this process have no more threads: choose fewer --threads") from None
        self._part = _nothing  # of a caller that was interrupted
        self.wait()
        self._part = part
        self._given[0] += 1
        _signal(self._wake)

    def wait(self) -> BaseException | None:
        """Wait until the part is done; returns what it raised."""
        while not reaches(self._done, self._given[0], self._patience):
            _signal(self._wake)  # who gave the part may have been interrupted before
            self._ended.acquire()
        failure, self._failure = self._failure, None
        return failure

    def dismiss(self) -> None:
        """Let the thread end."""
        self._dismissed = True
        _signal(self._wake)

    def _serve(self) -> None:
        if not self._serving.acquire(blocking=False):  # another thread was started before
            return
        count = int(self._done[0])
        while not self._dismissed:
            if not passes(self._done, self._given, count, self._patience):
                _signal(self._ended)  # who was woken up before this part was said to be done may sleep again
                self._wake.acquire()
                continue
            try:
                self._part()
            except BaseException as error:
                self._failure = error
            self._part = _nothing
            count += 1
            _signal(self._ended)


def _signal(lock: threading.Lock) -> None:
    """Let go who waits for a lock, now or soon."""
    with contextlib.suppress(RuntimeError):  # it is free
        lock.release()


def _dismiss(helpers: list[Helper]) -> None:
    for helper in helpers:
        helper.dismiss()


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
