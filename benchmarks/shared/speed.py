"""From the seconds of a step to characters per second and the part of the peak."""

import argparse
from typing import Any

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.peak import measure_peak
from benchmarks.shared.shape import Shape
from benchmarks.shared.worker import Job

CLOCKS = {"wall": "step_seconds", "cpu": "step_cpu_seconds"}


def add_clock(parser: argparse.ArgumentParser) -> None:
    """The option ``--clock``."""
    parser.add_argument(
        "--clock",
        choices=tuple(CLOCKS),
        default="wall",
        help="cpu: the process's own time, for one thread on a core that others use as well (%(default)s)",
    )


def check_clock(clock: str, threads: list[int]) -> None:
    """The CPU's clock counts all threads of a process, waiting ones included.

    Raises:
        BenchmarkError: it was chosen for more than one thread.
    """
    if clock == "cpu" and threads != [1]:
        raise BenchmarkError("--clock cpu adds up the time of all threads: use it with --threads 1")


def peak_beside(job: Job) -> dict[str, Any]:
    """The peak of one core, measured now. A bf16 job is given float32's, which its products are not bound by."""
    return {"peak_gflops": measure_peak("float64" if job.precision == "float64" else "float32").gflops}


def add_speed(job: Job, result: dict[str, Any], clock: str) -> None:
    """Add characters per second, GFLOP/s and the part of the peak of all threads to what a worker measured."""
    shape = Shape.parse(job.shape)
    result["seconds"] = seconds = result[CLOCKS[clock]]
    result["chars_per_second"] = shape.characters / seconds
    result["gflops"] = shape.flop / seconds / 1e9
    result["part_of_peak"] = None
    if job.precision != "bf16":
        result["part_of_peak"] = result["gflops"] / result["peak_gflops"] / job.threads
