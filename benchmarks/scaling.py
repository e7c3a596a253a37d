"""The cost of training as one thing grows at a time: hidden size, layers, window, batch, vocabulary.

All rows share a base shape and change one of its numbers. Every figure is the median of fresh processes. The seconds of
a step should grow as the arithmetic does, the part of the peak should stay, and memory should grow as the formula of
docs/performance.md says.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace

from benchmarks.engines.contract import OURS, find_engine
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.footprint import footprint
from benchmarks.shared.output import mebibytes, number, percent, table
from benchmarks.shared.shape import QUICK_SHAPE, Shape
from benchmarks.shared.speed import add_clock, add_speed, check_clock, peak_beside
from benchmarks.shared.turns import Figures, median, take_turns
from benchmarks.shared.worker import Job

BASE = Shape(hidden=256, layers=1, streams=32, steps=64, vocabulary=96)

FACTORS: dict[str, Sequence[int]] = {
    "hidden": (32, 64, 128, 256, 512, 1024),
    "layers": (1, 2, 3, 4),
    "steps": (8, 16, 32, 64, 128, 256),
    "streams": (1, 4, 8, 16, 32, 64, 128),
    "vocabulary": (32, 96, 256),
}
"""What grows, and through which values."""

QUICK_FACTORS: dict[str, Sequence[int]] = {"hidden": (8,)}


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("scaling", __doc__ or "")
    parser.add_argument("--base", type=command.shape, default=BASE, help="H/L/B/T/V that the rows share (%(default)s)")
    parser.add_argument("--threads", type=command.numbers, default=[1], help="numbers between commas (1)")
    parser.add_argument("--precision", default="float32", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for each figure (%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of steps to time in each (%(default)s)")
    add_clock(parser)
    return parser


def measure(choices: argparse.Namespace, factor: str, values: Sequence[int], threads: list[int]) -> Figures:
    """Each value of one factor, on each number of threads."""
    jobs = [
        Job(OURS, str(replace(choices.base, **{factor: value})), choices.precision, count, choices.seconds)
        for value in values
        for count in threads
    ]
    figures = dict(zip(jobs, take_turns(jobs, choices.rounds, command.say, peak_beside), strict=True))
    for job, rounds in figures.items():
        for result in rounds:
            add_speed(job, result, choices.clock)
    return figures


def factor_table(factor: str, figures: Figures) -> str:
    """A row for each value and number of threads."""
    heads = [factor, "threads", "ms/step", "us/char", "of peak", "memory, MiB", "formula, MiB"]
    rows = []
    for job, rounds in figures.items():
        shape = Shape.parse(job.shape)
        seconds = median(rounds, "seconds") or 0.0
        rows.append(
            [
                str(getattr(shape, factor)),
                str(job.threads),
                number(1e3 * seconds),
                number(1e6 * seconds / shape.characters),
                percent(median(rounds, "part_of_peak")),
                mebibytes(median(rounds, "memory_model")),
                mebibytes(sum(footprint(shape, job.precision).values())),
            ]
        )
    return table(heads, rows)


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    factors = FACTORS
    if choices.quick:
        choices.base, choices.threads, choices.rounds, choices.seconds = QUICK_SHAPE, [1], 1, 0.05
        factors = QUICK_FACTORS
    threads = command.possible_threads(choices.threads)
    check_clock(choices.clock, threads)
    if reason := find_engine(OURS).absent(choices.precision):
        raise BenchmarkError(f"{OURS} {reason}")
    sections, results = [], []
    for factor, values in factors.items():
        figures = measure(choices, factor, values, threads)
        sections.append(f"{factor} grows from {choices.base}:\n\n{factor_table(factor, figures)}")
        results += [{"factor": factor} | asdict(job) | {"rounds": rounds} for job, rounds in figures.items()]
    settings = {"base": str(choices.base), "rounds": choices.rounds, "seconds": choices.seconds, "clock": choices.clock}
    said = f"median of {choices.rounds} fresh processes of {choices.seconds:g} s; {choices.clock} clock"
    return {"settings": settings, "results": results}, "\n\n".join([said, *sections])


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("scaling", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
