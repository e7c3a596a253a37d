"""What every benchmark's command line has in common."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.engines.contract import engine_names, find_engine, usable_engines
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.machine import describe_machine, machine_lines
from benchmarks.shared.output import RESULTS, write_json
from benchmarks.shared.shape import Shape
from benchmarks.shared.turns import UNFAIR, Figures, take_turns
from benchmarks.shared.worker import CLOCKS, Job
from charrnn.errors import CharrnnError
from charrnn.workers import available_threads

Report = tuple[dict[str, Any], str]
"""What goes into the JSON file, and the text with the tables."""


def parser(name: str, text: str) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    result = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=text.partition("\n")[0])
    result.add_argument("--quick", action="store_true", help="one short round of a tiny model: does everything work?")
    result.add_argument(
        "--json", type=Path, default=RESULTS / f"{name}.json", help="where to write all figures (%(default)s)"
    )
    return result


def add_turns(options: argparse.ArgumentParser, *, threads: str, precision: str, rounds: int, seconds: float) -> None:
    """The options of benchmarks whose processes take turns, with their defaults."""
    options.add_argument("--threads", type=numbers, default=threads, help="numbers between commas (%(default)s)")
    options.add_argument("--precision", type=names, default=precision, help="names between commas (%(default)s)")
    options.add_argument("--rounds", type=int, default=rounds, help="fresh processes for each figure (%(default)s)")
    options.add_argument("--seconds", type=float, default=seconds, help="of steps to time in each (%(default)s)")
    options.add_argument(
        "--clock",
        choices=tuple(CLOCKS),
        default="wall",
        help="cpu: the process's own time, for one thread on a core that others use as well (%(default)s)",
    )


def measure(
    choices: argparse.Namespace, shapes: Sequence[Shape], engines: Sequence[str] | None = None, task: str = "train"
) -> tuple[Figures, dict[str, Any], str]:
    """Let engines, all if not named, take turns at a task: figures, a report of them as JSON, and how it was done.

    Streams are what threads share in training, so that there are never more threads than those.
    """
    if choices.quick:
        choices.threads, choices.rounds, choices.seconds = [1], 1, 0.0
    threads = possible_threads(choices.threads)
    usable, left_out = usable_engines(task, engines or engine_names(task), choices.precision)
    jobs = [
        Job(engine, str(shape), precision, count, choices.seconds, choices.clock, task)
        for shape, count, (engine, precision) in product(shapes, threads, usable)
        if (task == "sample" or count <= shape.streams) and find_engine(engine).offers(shape.cell)
    ]
    figures = take_turns(jobs, choices.rounds, say)
    report = {
        "left_out": left_out,
        "results": [asdict(job) | {"rounds": rounds} for job, rounds in figures.items()],
    }
    said = f"median of {choices.rounds} fresh processes taking turns; {choices.clock} clock"
    return figures, report, "\n".join([said, *left_out])


def possible_threads(wanted: Sequence[int]) -> list[int]:
    """The numbers of threads for which there is a core each; says which are left out."""
    allowed = available_threads()
    for threads in wanted:
        if threads > allowed:
            say(f"{threads} threads left out: this process may use only {allowed} of the cores")
    possible = [threads for threads in wanted if threads <= allowed]
    if not possible:
        raise BenchmarkError(f"no number of threads is left to measure; choose --threads of at most {allowed}")
    return possible


def shape(text: str) -> Shape:
    """A shape H/L/B/T/V."""
    try:
        return Shape.parse(text)
    except BenchmarkError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def shapes(text: str) -> list[Shape]:
    """Shapes H/L/B/T/V between commas."""
    return [shape(part) for part in text.split(",")]


def names(text: str) -> list[str]:
    """Names between commas."""
    return text.split(",")


def numbers(text: str) -> list[int]:
    """Whole numbers of at least 1 between commas."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"wanted whole numbers of at least 1 between commas, got {text!r}")
    return [int(part) for part in parts]


def say(line: str) -> None:
    """Tell how far the benchmark has come."""
    print(line, file=sys.stderr, flush=True)


def run(
    name: str,
    benchmark: Callable[[argparse.Namespace], Report],
    options: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
) -> int:
    """Run a benchmark: the machine and the tables to stdout, all figures to the JSON file; the exit code."""
    choices = options.parse_args(arguments)
    for variable in UNFAIR:
        os.environ.pop(variable, None)
    machine = describe_machine()
    print("\n".join(machine_lines(machine)), flush=True)
    try:
        figures, text = benchmark(choices)
        settings = {key: value for key, value in vars(choices).items() if isinstance(value, str | int | float)}
        write_json({"benchmark": name, "machine": machine, "settings": settings} | figures, choices.json)
    except (BenchmarkError, CharrnnError, OSError) as error:
        say(f"benchmarks.{name}: error: {error}")
        return 1
    print(f"\n{text}\n\nAll figures: {choices.json}")
    return 0
