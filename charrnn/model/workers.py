"""Threads that share a kernel's work."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from charrnn.kernels.denormals import flush_denormals, restore


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
        self._pool = ThreadPoolExecutor(threads - 1, "charrnn") if threads > 1 else None

    def run(self, job: Callable[[int, int], None], most: int | None = None) -> None:
        """Call ``job(part, parts)`` for each part, at once, and wait for all; the first exception is raised.

        Args:
            job: does part ``part`` of ``parts``.
            most: parts that the job can be cut into, if that may be fewer than the threads.
        """
        parts = self.threads if most is None else max(1, min(self.threads, most))
        if parts == 1 or self._pool is None:
            without_denormals(job, 0, 1)
            return
        others = [self._pool.submit(without_denormals, job, part, parts) for part in range(1, parts)]
        try:
            without_denormals(job, 0, parts)
        finally:
            failures = [other.exception() for other in others]
        for failure in failures:
            if failure is not None:
                raise failure


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
