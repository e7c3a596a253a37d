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

from benchmarks.engines.contract import OURS
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.machine import ROOT
from benchmarks.shared.peak import measure_peak
from benchmarks.shared.reading import matvec_rate, read_rate, weight_bytes
from benchmarks.shared.shape import Shape
from benchmarks.shared.worker import Job

UNFAIR = ("OPENBLAS_CORETYPE",)
"""Environment variables that would slow a library down, and that a benchmark must not inherit."""

Rounds = list[dict[str, Any]]
"""What a job measured in each round."""

Figures = dict[Job, Rounds]


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


def median(rounds: Rounds, field: str) -> float | None:
    """Of one field over the rounds; None where there are none, or the field was not measured."""
    values = [result.get(field) for result in rounds]
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def engines_in(figures: Figures) -> list[str]:
    """The engines that were measured, in the order of their first turns."""
    return list(dict.fromkeys(job.engine for job in figures))


def by_setting(figures: Figures) -> dict[tuple[str, str, str], dict[str, Rounds]]:
    """For each (shape, threads, precision), what each engine measured."""
    found: dict[tuple[str, str, str], dict[str, Rounds]] = {}
    for job, rounds in figures.items():
        found.setdefault((job.shape, str(job.threads), job.precision), {})[job.engine] = rounds
    return found


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


def speed(job: Job, seconds: float) -> dict[str, float | None]:
    """Characters per second, and how near they come to what one core could do, measured now."""
    characters = {"chars_per_second": Shape.parse(job.shape).characters / seconds}
    if job.task == "train":
        peak = measure_peak("float64" if job.precision == "float64" else "float32").gflops
        return characters | part_of_peak(job, seconds, peak)
    return characters | part_of_reading(job, seconds)


def part_of_peak(job: Job, seconds: float, peak_gflops: float) -> dict[str, float | None]:
    """The part of the peak of as many cores as there are threads.

    ``peak_gflops`` is one core's in float32 or float64; bf16 products have another one.
    """
    gflops = Shape.parse(job.shape).flop / seconds / 1e9
    return {
        "peak_gflops": peak_gflops,
        "gflops": gflops,
        "part_of_peak": None if job.precision == "bf16" else gflops / peak_gflops / job.threads,
    }


def part_of_reading(job: Job, seconds: float) -> dict[str, float | None]:
    """How fast one text's weights were read, a plain packed matvec reads them, and a core reads as many bytes.

    For one text and one thread of ours only: with more texts, a weight that was read serves all.
    """
    shape = Shape.parse(job.shape)
    if job.engine != OURS or shape.streams > 1 or job.threads > 1:
        return {}
    size = weight_bytes(shape, job.precision)
    rate = size * shape.characters / seconds / 1e9
    matvec, reading = matvec_rate(shape, job.precision), read_rate(size)
    return {
        "weight_bytes": size,
        "gbytes_per_second": rate,
        "matvec_gbytes_per_second": matvec,
        "read_gbytes_per_second": reading,
        "part_of_matvec": rate / matvec,
        "part_of_reading": rate / reading,
    }


def take_turns(jobs: Sequence[Job], rounds: int, say: Callable[[str], None]) -> Figures:
    """Run all jobs one after the other, ``rounds`` times; ``say`` is told of each turn.

    What one core could do is measured beside each job.
    """
    figures: Figures = {job: [] for job in jobs}
    for turn in range(rounds):
        for job, results in figures.items():
            result = run_worker(job)
            results.append(result | speed(job, result["step_seconds"]))
            say(
                f"{job.shape} round {turn + 1}/{rounds}: {job.engine} {job.precision} on {job.threads} "
                f"{'thread' if job.threads == 1 else 'threads'}: {1e3 * result['step_seconds']:.4g} ms a step"
            )
    return figures
