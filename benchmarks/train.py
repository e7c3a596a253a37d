"""Training speed: characters per second and percent of the CPU's measured peak, engines taking turns.

Each figure is the median over rounds; each round of each engine is a fresh process, in the order A B A B. A ratio is
taken within a round. The peak is measured beside each turn, on one core, and counts once for each thread; the work is
the arithmetic that the products need (``Shape.flop``), whatever an engine really does.
"""

import argparse
import sys
from dataclasses import asdict, replace
from itertools import product
from typing import Any

from benchmarks.engines.contract import OURS, engine_names, find_engine, usable_engines
from benchmarks.shared import command
from benchmarks.shared.output import MISSING, number, percent, spread, table
from benchmarks.shared.shape import QUICK_SHAPE, TRAINING_SHAPES
from benchmarks.shared.speed import add_clock, add_speed, check_clock, peak_beside
from benchmarks.shared.turns import Figures, Summary, median, take_turns
from benchmarks.shared.worker import Job


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("train", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=TRAINING_SHAPES, help="H/L/B/T/V,... (six sizes)")
    parser.add_argument("--threads", type=command.numbers, default=[1, 2], help="numbers between commas (1,2)")
    parser.add_argument("--precision", type=command.names, default=["float32", "bf16"], help="(float32,bf16)")
    parser.add_argument("--rounds", type=int, default=8, help="turns of each engine (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of steps to time in each turn (%(default)s)")
    add_clock(parser)
    return parser


def measure(choices: argparse.Namespace, jobs: list[Job]) -> Figures:
    """Let the jobs of each shape take turns."""
    figures: Figures = {}
    for shape in choices.shapes:
        sides = [job for job in jobs if job.shape == str(shape)]
        figures |= zip(sides, take_turns(sides, choices.rounds, command.say, peak_beside), strict=True)
    for job, rounds in figures.items():
        for result in rounds:
            add_speed(job, result, choices.clock)
    return figures


def ratios(figures: Figures, above: Job | None, below: Job | None) -> Summary | None:
    """Speed of ``above`` over that of ``below``, round by round; None if one of them was not measured."""
    if above is None or below is None or above not in figures or below not in figures:
        return None
    pairs = zip(figures[above], figures[below], strict=True)
    return Summary.of([a["chars_per_second"] / b["chars_per_second"] for a, b in pairs])


def engines_table(figures: Figures, names: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """A row for each shape, threads and precision; and the ratios as JSON."""
    label = {name: find_engine(name).name for name in names}
    heads = ["H/L/B/T/V", "threads", "precision"]
    for name in names:
        heads += [f"{label[name]}, chars/s", "of peak"]
    heads += [f"over {label[name]}" for name in names if name != OURS]
    rows, found = [], []
    for shape, threads, precision in dict.fromkeys((job.shape, job.threads, job.precision) for job in figures):
        sides = {
            job.engine: job for job in figures if (job.shape, job.threads, job.precision) == (shape, threads, precision)
        }
        row = [shape, str(threads), precision]
        for name in names:
            rounds = figures[sides[name]] if name in sides else []
            row += [number(median(rounds, "chars_per_second")), percent(median(rounds, "part_of_peak"))]
        for name in names:
            if name == OURS:
                continue
            ratio = ratios(figures, sides.get(OURS), sides.get(name))
            row.append(spread(ratio) if ratio else MISSING)
            if ratio:
                place = {"shape": shape, "threads": threads, "precision": precision}
                found.append(place | {"engine": OURS, "over": name} | asdict(ratio))
        rows.append(row)
    return table(heads, rows), found


def threads_table(figures: Figures) -> tuple[str, list[dict[str, Any]]]:
    """How much faster more threads are than one; nothing where one number of threads was measured."""
    rows, found = [], []
    for job in figures:
        ratio = ratios(figures, job, replace(job, threads=1))
        if job.threads > 1 and ratio:
            rows.append([job.shape, find_engine(job.engine).name, job.precision, str(job.threads), spread(ratio)])
            place = {"shape": job.shape, "engine": job.engine, "precision": job.precision, "threads": job.threads}
            found.append(place | asdict(ratio))
    return (table(["H/L/B/T/V", "engine", "precision", "threads", "over one"], rows) if rows else ""), found


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    if choices.quick:
        choices.shapes, choices.threads, choices.rounds, choices.seconds = [QUICK_SHAPE], [1], 1, 0.05
    choices.threads = command.possible_threads(choices.threads)
    check_clock(choices.clock, choices.threads)
    usable, left_out = usable_engines(choices.precision)
    jobs = [
        Job(name, str(shape), precision, threads, choices.seconds)
        for shape, threads, precision, name in product(
            choices.shapes, choices.threads, choices.precision, engine_names()
        )
        if (name, precision) in usable
    ]
    figures = measure(choices, jobs)
    names = [name for name in engine_names() if any(job.engine == name for job in jobs)]
    engines, engine_ratios = engines_table(figures, names)
    threads, thread_ratios = threads_table(figures)
    peaks = Summary.of([result["peak_gflops"] for rounds in figures.values() for result in rounds])
    said = [
        f"{choices.rounds} rounds of {choices.seconds:g} s, fresh processes taking turns; median (least-greatest); "
        f"{choices.clock} clock; measured peak of one core: {peaks.median:.0f} GFLOP/s "
        f"({peaks.low:.0f}-{peaks.high:.0f})",
        *left_out,
    ]
    report = {
        "settings": {"rounds": choices.rounds, "seconds": choices.seconds, "clock": choices.clock},
        "left_out": left_out,
        "results": [asdict(job) | {"rounds": rounds} for job, rounds in figures.items()],
        "ratios": engine_ratios,
        "thread_ratios": thread_ratios,
    }
    return report, "\n\n".join(filter(None, ["\n".join(said), engines, threads]))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("train", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
