"""Peak memory of training, beside the documented formula and beside other engines.

Each figure comes from a fresh process: the most memory it had resident while it built the model and trained some steps,
less what it had resident before it built the model. Before that, a tiny model has been trained, so that code, thread
pools and libraries are not counted as the model's; "process" is everything, as the system sees it.
"""

import argparse
import sys
from dataclasses import asdict
from itertools import product

from benchmarks.engines.contract import OURS, engine_names, find_engine, usable_engines
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.footprint import footprint
from benchmarks.shared.output import mebibytes, percent, table
from benchmarks.shared.shape import QUICK_SHAPE, TRAINING_SHAPES, Shape
from benchmarks.shared.turns import Figures, median, take_turns
from benchmarks.shared.worker import Job


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("memory", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=TRAINING_SHAPES, help="H/L/B/T/V,... (six sizes)")
    parser.add_argument("--threads", type=command.numbers, default=[1], help="numbers between commas (1)")
    parser.add_argument("--precision", type=command.names, default=["float32"], help="(float32)")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for each figure (%(default)s)")
    return parser


def ratio(part: float | None, whole: float | None) -> float | None:
    """``part / whole`` where both are known."""
    return part / whole if part and whole else None


def memory_table(figures: Figures, names: list[str]) -> str:
    """A row for each shape, threads and precision."""
    label = {name: find_engine(name).name for name in names}
    heads, rows = ["H/L/B/T/V", "threads", "precision"], []
    for name in names:
        heads += [f"{label[name]}, MiB", "process, MiB"]
        heads += ["formula, MiB", "of formula"] if name == OURS else [f"{label[OURS]} of {label[name]}"]
    for shape, threads, precision in dict.fromkeys((job.shape, job.threads, job.precision) for job in figures):
        row = [shape, str(threads), precision]
        sides = {name: figures.get(Job(name, shape, precision, threads), []) for name in names}
        ours = median(sides.get(OURS, []), "memory_model")
        for name, rounds in sides.items():
            model = median(rounds, "memory_model")
            row += [mebibytes(model), mebibytes(median(rounds, "memory_peak"))]
            if name == OURS:
                formula = sum(footprint(Shape.parse(shape), precision).values()) if model else None
                row += [mebibytes(formula), percent(ratio(model, formula))]
            else:
                row.append(percent(ratio(ours, model)))
        rows.append(row)
    return table(heads, rows)


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    if choices.quick:
        choices.shapes, choices.threads, choices.rounds = [QUICK_SHAPE], [1], 1
    threads = command.possible_threads(choices.threads)
    usable, left_out = usable_engines(choices.precision)
    jobs = [
        Job(name, str(shape), precision, count)
        for shape, count, precision, name in product(choices.shapes, threads, choices.precision, engine_names())
        if (name, precision) in usable
    ]
    figures = dict(zip(jobs, take_turns(jobs, choices.rounds, command.say), strict=True))
    if any("memory_model" not in result for rounds in figures.values() for result in rounds):
        raise BenchmarkError("this system does not tell a process's memory (/proc/self/status): run it on Linux")
    report = {
        "settings": {"rounds": choices.rounds},
        "left_out": left_out,
        "results": [
            asdict(job)
            | {"rounds": rounds}
            | ({"formula": footprint(Shape.parse(job.shape), job.precision)} if job.engine == OURS else {})
            for job, rounds in figures.items()
        ],
    }
    names = [name for name in engine_names() if any(job.engine == name for job in jobs)]
    said = [f"median of {choices.rounds} fresh processes", *left_out]
    return report, "\n".join(said) + "\n\n" + memory_table(figures, names)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("memory", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
