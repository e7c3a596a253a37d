"""Sampling speed: characters per second, engines taking turns; and how fast the weights of one text are read.

Each figure is the median over rounds; each round of each engine is a fresh process, in the order A B A B. A ratio is
taken within a round. Others are measured in float32, and so is what ours in any precision is compared with. What a
packed matvec of the same weights, and plain memory of their size, are read with is measured beside each turn.
"""

import argparse
import sys
from dataclasses import replace

from benchmarks.engines.contract import OURS, find_engine
from benchmarks.shared import command
from benchmarks.shared.output import mebibytes, number, percent, ratio, table
from benchmarks.shared.shape import QUICK_SHAPE, SAMPLING_SHAPES, Shape
from benchmarks.shared.turns import Figures, engines_in, median
from benchmarks.shared.worker import Job

HEADS = ["H/L/B/T/V", "threads", "precision"]


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("sample", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=SAMPLING_SHAPES, help="H/L/B/T/V,... (four sizes)")
    command.add_turns(parser, threads="1,2", precision="float32,bf16", rounds=5, seconds=1.0)
    return parser


def setting(job: Job) -> list[str]:
    """The first cells of a row."""
    return [job.shape, str(job.threads), job.precision]


def engines_table(figures: Figures) -> str:
    """A row for each shape, threads and precision of ours, beside the others in float32."""
    others = [name for name in engines_in(figures) if name != OURS]
    names = [find_engine(name).name for name in others]
    heads = [*HEADS, f"{find_engine(OURS).name}, chars/s", *(f"{name}, chars/s" for name in names)]
    rows = []
    for job, rounds in figures.items():
        if job.engine == OURS:
            sides = [figures.get(replace(job, engine=name, precision="float32"), []) for name in others]
            speeds = [number(median(side, "chars_per_second")) for side in (rounds, *sides)]
            rows.append([*setting(job), *speeds, *(ratio(rounds, side) for side in sides)])
    return table(heads + [f"over {name}" for name in names], rows)


def reading_table(figures: Figures) -> str:
    """How fast the weights of one text are read."""
    rows = []
    for job, rounds in figures.items():
        if size := median(rounds, "weight_bytes"):
            rates = [median(rounds, f"{kind}gbytes_per_second") for kind in ("", "matvec_", "read_")]
            parts = [median(rounds, f"part_of_{kind}") for kind in ("matvec", "reading")]
            rows.append([*setting(job), mebibytes(size), *map(number, rates), *map(percent, parts)])
    heads = ["weights, MiB", "GB/s", "matvec, GB/s", "plain reads, GB/s", "of matvec", "of plain reads"]
    return table([*HEADS, *heads], rows) if rows else ""


def gains_table(figures: Figures) -> str:
    """How much faster many texts are than one, two threads than one, and bf16 than float32."""
    rows = []
    for job, rounds in figures.items():
        for name, other in (
            ("one text", one_text(job, figures)),
            ("one thread", replace(job, threads=1)),
            ("float32", replace(job, precision="float32")),
        ):
            if other != job and other in figures:
                rows.append([find_engine(job.engine).name, *setting(job), name, ratio(rounds, figures[other])])
    return table(["engine", *HEADS, "over", "ratio"], rows) if rows else ""


def one_text(job: Job, figures: Figures) -> Job:
    """Of a job with many texts, that in which the same engine draws one of them on one thread; else the job itself."""
    if Shape.parse(job.shape).streams == 1:
        return job
    like = model_of(job)
    found = (one for one in figures if model_of(one) == like and Shape.parse(one.shape).streams == one.threads == 1)
    return next(found, job)


def model_of(job: Job) -> tuple[object, ...]:
    """What two jobs have in common that draw from one model in one way."""
    shape = Shape.parse(job.shape)
    return job.engine, job.precision, shape.hidden, shape.layers, shape.vocabulary


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    shapes = [replace(QUICK_SHAPE, streams=1), QUICK_SHAPE] if choices.quick else choices.shapes
    figures, report, said = command.measure(choices, shapes, task="sample")
    tables = [engines_table(figures), reading_table(figures), gains_table(figures)]
    return report, "\n\n".join(filter(None, [said, *tables]))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("sample", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
