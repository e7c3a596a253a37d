"""Peak memory of training, beside the documented formula and beside other engines.

Each figure comes from a fresh process: the most memory it had resident while it built the model and trained some steps,
less what it had resident before it built the model. Before that, a tiny model has been trained, so that code, thread
pools and libraries are not counted as the model's; "process" is everything, as the system sees it.
"""

import argparse
import sys

from benchmarks.engines.contract import OURS, find_engine
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.footprint import footprint
from benchmarks.shared.output import mebibytes, percent, table
from benchmarks.shared.shape import QUICK_SHAPE, TRAINING_SHAPES, Shape
from benchmarks.shared.turns import Figures, by_setting, engines_in, median


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("memory", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=TRAINING_SHAPES, help="H/L/B/T/V,... (six sizes)")
    command.add_turns(parser, threads="1", precision="float32", rounds=3, seconds=0.0)
    return parser


def memory_table(figures: Figures) -> str:
    """A row for each shape, threads and precision."""
    engines = engines_in(figures)
    heads = ["H/L/B/T/V", "threads", "precision", "formula, MiB"]
    for name in engines:
        label = find_engine(name).name
        heads += [f"{label}, MiB", "process, MiB", "of formula" if name == OURS else f"charrnn of {label}"]
    rows = []
    for setting, sides in by_setting(figures).items():
        shape, threads, precision = setting
        formula = sum(footprint(Shape.parse(shape), precision, int(threads)).values())
        row = [*setting, mebibytes(formula)]
        ours = median(sides.get(OURS, []), "memory_model")
        for name in engines:
            rounds = sides.get(name, [])
            model = median(rounds, "memory_model")
            part = ours / (formula if name == OURS else model) if ours and model else None
            row += [mebibytes(model), mebibytes(median(rounds, "memory_peak")), percent(part)]
        rows.append(row)
    return table(heads, rows)


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    figures, report, said = command.measure(choices, [QUICK_SHAPE] if choices.quick else choices.shapes)
    if any("memory_model" not in result for rounds in figures.values() for result in rounds):
        raise BenchmarkError("this system does not tell a process's memory (/proc/self/status): run it on Linux")
    return report, f"{said}\n\n{memory_table(figures)}"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("memory", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
