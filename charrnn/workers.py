"""Threads that share the work of kernels."""

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
from charrnn.kernels.team import Team
from charrnn.kernels.waiting import passes, reaches, spins_in
from charrnn.machine import even_cores, processor_quota

SPIN_SECONDS = 0.00025
"""Seconds that a thread spins before it sleeps."""


def available_threads() -> int:
    """Number of cores to use: those that this process may use, without slow ones that would hold up the others.

    A container's quota is rounded up. With a quota of 1.5 cores, two threads use all of it, and one thread would leave
    a third unused.
    """
    own = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = len(own) if own else os.cpu_count() or 1
    if hasattr(os, "process_cpu_count"):  # Python 3.13 and newer; respects PYTHON_CPU_COUNT
        cores = os.process_cpu_count() or 1
    return max(1, math.ceil(min(cores, even_cores(own), processor_quota(), MOST_THREADS)))


class Workers:
    """A fixed number of threads, including the calling thread.

    Kernels release the GIL, so the parts of a job run in parallel.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._hire()

    def _hire(self) -> None:
        self._process = os.getpid()
        self._caller: dict[str, int] = {}
        """The thread that calls ``run``. It is a dictionary, because an interrupt could leave a lock taken."""
        patience = spins_in(SPIN_SECONDS) if 1 < self.threads <= available_threads() else 0
        self._helpers = [Helper(patience) for _ in range(1, self.threads)]
        weakref.finalize(self, _dismiss, self._helpers)

    def run(self, job: Callable[[int, int], None], most: int | None = None) -> None:
        """Call ``job(part, parts)`` for each part in parallel, and wait for all; raises the first exception.

        If the threads are busy for another caller, the calling thread does the whole job. A job must not call ``run``.
        After an interrupt a part may still be running; the next job waits for it.

        Args:
            job: function that does part ``part`` of ``parts``.
            most: most parts that the job can be cut into; None for any number.
        """
        if self._process != os.getpid():  # a forked process has none of the threads
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

    def run_team(self, team: Team, job: Callable[[int], None]) -> None:
        """Call ``job(member)`` for each member of a team; only for the first, if the threads are busy."""

        def part(member: int, parts: int) -> None:
            if parts < team.members:
                team.give_up()
            job(member)

        self.run(part, most=team.members)

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

    The caller and the thread count parts in shared memory. Each spins on the other's counter for a while, then sleeps
    on a lock. These are plain locks instead of conditions, because an interrupt can come between any two steps and must
    not leave a lock taken for ever.

    A part is done when ``passes`` has stored its count, without the GIL. A sleeping caller is woken just before that
    and may check too early, so it is woken again before the thread sleeps.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._given, self._done = np.zeros(1, np.int64), np.zeros(1, np.int64)
        """Numbers of parts, written by the caller and by the thread."""
        self._wake, self._ended, self._serving = threading.Lock(), threading.Lock(), threading.Lock()
        self._wake.acquire()
        self._ended.acquire()
        self._part: Callable[[], None] = _nothing
        self._failure: BaseException | None = None
        self._dismissed = False

    def start(self, part: Callable[[], None]) -> None:
        """Give the thread a part to do."""
        if not self._serving.locked():
            try:
                start_new_thread(self._serve, ())
            except RuntimeError:
                raise ConfigError("the system lets this process have no more threads: choose fewer --threads") from None
        self._part = _nothing  # drops a part whose caller was interrupted
        self.wait()
        self._part = part
        self._given[0] += 1
        _signal(self._wake)

    def wait(self) -> BaseException | None:
        """Wait until the part is done; returns the exception that it raised, or None."""
        while not reaches(self._done, self._given[0], self._patience):
            _signal(self._wake)  # again, as ``start`` may have been interrupted before its signal
            self._ended.acquire()
        failure, self._failure = self._failure, None
        return failure

    def dismiss(self) -> None:
        """Ask the thread to end."""
        self._dismissed = True
        _signal(self._wake)

    def _serve(self) -> None:
        if not self._serving.acquire(blocking=False):  # another thread serves already
            return
        count = int(self._done[0])
        while not self._dismissed:
            if not passes(self._done, self._given, count, self._patience):
                _signal(self._ended)  # again, as the caller may have checked before the count was stored
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
    """Release a lock, to wake a thread that waits for it now or soon."""
    with contextlib.suppress(RuntimeError):  # the lock is free
        lock.release()


def _dismiss(helpers: list[Helper]) -> None:
    for helper in helpers:
        helper.dismiss()


def _nothing() -> None:
    pass


def without_denormals(job: Callable[[int, int], None], part: int, parts: int) -> None:
    """Call ``job(part, parts)``; meanwhile this thread treats denormal numbers as zero."""
    mode = flush_denormals()
    try:
        job(part, parts)
    finally:
        restore(mode)


def share(count: int, part: int, parts: int) -> tuple[int, int]:
    """The first index of part ``part``, and one beyond its last, if ``count`` items are split into ``parts`` parts."""
    return count * part // parts, count * (part + 1) // parts
