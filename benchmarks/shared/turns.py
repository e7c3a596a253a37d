"""Fresh processes that take turns, A B A B, and what their figures come to.

Other programs, the CPU's clock and its temperature change over minutes. Engines that take turns meet the same
conditions, so that the ratio within a round is worth more than the ratio of two figures from different times.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.machine import ROOT
from benchmarks.shared.worker import Job

UNFAIR = ("OPENBLAS_CORETYPE",)
"""Environment variables that would slow a library down, and that a benchmark must not inherit."""


Figures = dict[Job, list[dict[str, Any]]]
"""For each job, what it measured in each round."""


@dataclass(frozen=True)
class Summary:
    """Median, least and greatest of some figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Summary":
        """The summary of at least one figure."""
        return cls(statistics.median(figures), min(figures), max(figures))


def median(rounds: Sequence[dict[str, Any]], field: str) -> float | None:
    """Of one field over the rounds; None where there are none, or the field was not measured."""
    values = [result.get(field) for result in rounds]
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def run_worker(job: Job) -> dict[str, Any]:
    """What a fresh process measures.

    Raises:
        BenchmarkError: it failed; the last line that it wrote says why.
    """
    environment = {name: value for name, value in os.environ.items() if name not in UNFAIR}
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.shared.worker", json.dumps(asdict(job))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
        raise BenchmarkError(f"{job.engine} {job.precision} failed at {job.shape}: {reason}")
    measured: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return measured


def take_turns(
    jobs: Sequence[Job],
    rounds: int,
    say: Callable[[str], None],
    before_each: Callable[[Job], dict[str, Any]] = lambda job: {},
) -> list[list[dict[str, Any]]]:
    """Run all jobs one after the other, ``rounds`` times; for each job, what it measured in each round.

    Args:
        jobs: sides of the comparison.
        rounds: how often each has its turn.
        say: told of each turn.
        before_each: measures something beside each job; its fields are added to the job's.
    """
    measured: list[list[dict[str, Any]]] = [[] for _ in jobs]
    for turn in range(rounds):
        for job, results in zip(jobs, measured, strict=True):
            beside = before_each(job)
            results.append(run_worker(job) | beside)
            say(
                f"{job.shape} round {turn + 1}/{rounds}: {job.engine} {job.precision} on {job.threads} "
                f"{'thread' if job.threads == 1 else 'threads'}: {1e3 * results[-1]['step_seconds']:.4g} ms a step"
            )
    return measured
