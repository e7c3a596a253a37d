"""The cost of training as one thing grows at a time: hidden size, layers, window, batch, vocabulary.

All rows share a base shape and change one of its numbers. The time of a step should grow as the arithmetic does, the
part of the peak should stay, and memory should grow as the formula of docs/engine.md says.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.engines.contract import OURS
from benchmarks.shared import command
from benchmarks.shared.footprint import footprint
from benchmarks.shared.output import mebibytes, number, percent, table
from benchmarks.shared.shape import QUICK_SHAPE, Shape
from benchmarks.shared.turns import Figures, median

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
    command.add_turns(parser, threads="1", precision="float32", rounds=3, seconds=2.0)
    return parser


def factor_table(factor: str, shapes: Sequence[Shape], figures: Figures) -> str:
    """A row for each shape, number of threads and precision."""
    heads = [factor, "threads", "precision", "ms/step", "us/char", "of peak", "memory, MiB", "formula, MiB"]
    rows = []
    for job, rounds in figures.items():
        shape = Shape.parse(job.shape)
        if shape in shapes:
            seconds = median(rounds, "step_seconds") or 0.0
            rows.append(
                [
                    str(getattr(shape, factor)),
                    str(job.threads),
                    job.precision,
                    number(1e3 * seconds),
                    number(1e6 * seconds / shape.characters),
                    percent(median(rounds, "part_of_peak")),
                    mebibytes(median(rounds, "memory_model")),
                    mebibytes(sum(footprint(shape, job.precision, job.threads).values())),
                ]
            )
    return table(heads, sorted(rows, key=lambda row: int(row[0])))


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    base, factors = (QUICK_SHAPE, QUICK_FACTORS) if choices.quick else (choices.base, FACTORS)
    shapes = {factor: [replace(base, **{factor: value}) for value in values] for factor, values in factors.items()}
    every = list(dict.fromkeys(shape for grown in shapes.values() for shape in grown))
    figures, report, said = command.measure(choices, every, [OURS])
    sections = [
        f"{factor} grows from {base}:\n\n{factor_table(factor, grown, figures)}" for factor, grown in shapes.items()
    ]
    return report, "\n\n".join([said, *sections])


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("scaling", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
