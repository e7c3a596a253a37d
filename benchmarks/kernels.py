"""Each kernel at the sizes of a training step: percent of the core's measured peak, or the time of an element.

A kernel's result is compared with NumPy's in float64 before it is timed; a wrong one is given no time, and the
benchmark fails. One thread; the time is the median of single calls, less that of a call from Python with nothing to do
where the kernel can be told to do nothing. The peak is measured beside each kernel. For a cell, the time of an element
is what is left beyond its products.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import all_cases
from benchmarks.cases.contract import Case
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import MISSING, number, percent, table
from benchmarks.shared.peak import SLICES, measure_peak
from benchmarks.shared.shape import QUICK_SHAPE, Shape

SHAPES = [Shape(128, 2, 50, 50, 65), Shape(512, 2, 64, 100, 96)]
LEAST_CALLS = 3


@dataclass(frozen=True)
class Timing:
    """A kernel's figures; None where one does not apply."""

    seconds: float
    peak_gflops: float
    gflops: float | None = None
    part_of_peak: float | None = None
    gigabytes_per_second: float | None = None
    nanoseconds: float | None = None
    """Of an element."""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("kernels", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=SHAPES, help="H/L/B/T/V,... (a small and a large one)")
    parser.add_argument("--precision", default="float32", help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="to call each kernel (%(default)s)")
    return parser


def check(case: Case) -> str:
    """What is wrong with the kernel's result; "" if it is right."""
    case.prepare()
    case.run()
    error = case.error()
    return "" if error <= 1 else f"{case.name} ({case.size}) is wrong: {error:.3g} times the error that rounding allows"


def seconds_of(case: Case, limit: float) -> float:
    """Median of single calls, on the thread's own clock."""
    busy: list[float] = []
    idle: list[float] = []
    begin = time.perf_counter()
    while len(busy) < LEAST_CALLS or time.perf_counter() - begin < limit:
        case.prepare()
        busy.append(seconds_of_call(case.run))
        if case.idle:
            idle.append(seconds_of_call(case.idle))
    return statistics.median(busy) - (statistics.median(idle) if idle else 0.0)


def seconds_of_call(function: Callable[[], object]) -> float:
    """Of the thread's own time."""
    start = time.thread_time()
    function()
    return time.thread_time() - start


def figures_of(case: Case, seconds: float, peak: float, product_seconds: float) -> Timing:
    """All that follows from the time of a call; ``product_seconds`` are those of the products within it."""
    gflops = case.flop / seconds / 1e9 if case.flop else None
    return Timing(
        seconds=seconds,
        peak_gflops=peak,
        gflops=gflops,
        part_of_peak=gflops / peak if gflops else None,
        gigabytes_per_second=case.bytes / seconds / 1e9 if case.bytes else None,
        nanoseconds=1e9 * (seconds - product_seconds) / case.count if case.count else None,
    )


def measure(
    shape: Shape, precision: str, limit: float, slices: int
) -> tuple[dict[str, tuple[Case, Timing]], list[str]]:
    """Each kernel that is right, with its figures, by name; and what is wrong with the others."""
    found: dict[str, tuple[Case, Timing]] = {}
    wrong = []
    for case in all_cases(shape, precision):
        if fault := check(case):
            wrong.append(fault)
            command.say(fault)
            continue
        peak = measure_peak("float64" if precision == "float64" else "float32", slices).gflops
        inner = case.repeats * found[case.product][1].seconds if case.product in found else 0.0
        found[case.name] = case, figures_of(case, seconds_of(case, limit), peak, inner)
        command.say(f"{shape} {case.name}: {1e6 * found[case.name][1].seconds:.4g} us")
    return found, wrong


def kernels_table(found: dict[str, tuple[Case, Timing]]) -> str:
    """A row for each kernel."""
    rows = []
    for case, timing in found.values():
        gigabytes, nanoseconds = timing.gigabytes_per_second, timing.nanoseconds
        rows.append(
            [
                case.name,
                case.size,
                number(1e6 * timing.seconds),
                number(timing.gflops),
                percent(timing.part_of_peak),
                number(gigabytes),
                MISSING if nanoseconds is None else f"{nanoseconds:.3f}",
            ]
        )
    return table(["kernel", "size", "us", "GFLOP/s", "of peak", "GB/s", "ns/element"], rows)


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    if choices.quick:
        choices.shapes, choices.seconds = [QUICK_SHAPE], 0.001
    sections, results = [], []
    all_wrong: list[str] = []
    for shape in choices.shapes:
        found, wrong = measure(shape, choices.precision, choices.seconds, 1 if choices.quick else SLICES)
        all_wrong += wrong
        sections.append(f"{shape}, {choices.precision}:\n\n{kernels_table(found)}")
        for case, timing in found.values():
            results.append({"shape": str(shape), "kernel": case.name, "size": case.size} | vars(timing))
    if all_wrong:
        print("\n\n".join(sections))
        raise BenchmarkError("; ".join(all_wrong))
    settings: dict[str, Any] = {"precision": choices.precision, "seconds": choices.seconds}
    return {"settings": settings, "results": results}, "\n\n".join(sections)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("kernels", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
