"""Training speed: characters per second and percent of the CPU's measured peak, engines taking turns.

Each figure is the median over rounds; each round of each engine is a fresh process, in the order A B A B. A ratio is
taken within a round. The peak is measured beside each turn, on one core, and counts once for each thread; the work is
the arithmetic that the products need (``Shape.flop``), whatever an engine really does.
"""

import argparse
import sys
from dataclasses import replace
from itertools import product

from benchmarks.engines.contract import OURS, find_engine
from benchmarks.shared import command
from benchmarks.shared.output import number, percent, ratio, table
from benchmarks.shared.shape import CELL, QUICK_SHAPE, TRAINING_SHAPES
from benchmarks.shared.turns import Figures, Summary, by_setting, engines_in, median


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("train", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=TRAINING_SHAPES, help="H/L/B/T/V,... (six sizes)")
    parser.add_argument("--cell", type=command.names, default=CELL, help="names between commas (%(default)s)")
    command.add_turns(parser, threads="1,2", precision="float32,bf16", rounds=8, seconds=3.0)
    return parser


def engines_table(figures: Figures) -> str:
    """A row for each shape, threads and precision."""
    engines = engines_in(figures)
    others = [name for name in engines if name != OURS]
    heads = ["H/L/B/T/V", "threads", "precision"]
    for name in engines:
        heads += [f"{find_engine(name).name}, chars/s", "of peak"]
    heads += [f"over {find_engine(name).name}" for name in others]
    rows = []
    for setting, sides in by_setting(figures).items():
        row = [*setting]
        for name in engines:
            rounds = sides.get(name, [])
            row += [number(median(rounds, "chars_per_second")), percent(median(rounds, "part_of_peak"))]
        rows.append(row + [ratio(sides.get(OURS, []), sides.get(name, [])) for name in others])
    return table(heads, rows)


def threads_table(figures: Figures) -> str:
    """How much faster more threads are than one."""
    rows = []
    for job, rounds in figures.items():
        if job.threads > 1:
            over_one = ratio(rounds, figures.get(replace(job, threads=1), []))
            rows.append([job.shape, find_engine(job.engine).name, job.precision, str(job.threads), over_one])
    return table(["H/L/B/T/V", "engine", "precision", "threads", "over one"], rows) if rows else ""


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    shapes = [QUICK_SHAPE] if choices.quick else choices.shapes
    shapes = [replace(shape, cell=cell) for cell, shape in product(choices.cell, shapes)]
    figures, report, said = command.measure(choices, shapes)
    peaks = Summary.of([result["peak_gflops"] for rounds in figures.values() for result in rounds])
    peak = f"peak of one core: {peaks.median:.0f} GFLOP/s ({peaks.low:.0f}-{peaks.high:.0f})"
    return report, "\n\n".join(filter(None, [f"{said}\n{peak}", engines_table(figures), threads_table(figures)]))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("train", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
