"""Each kernel at the sizes of a training step: percent of the core's measured peak, or the time of an element.

A kernel's result is compared with NumPy's in float64 before it is timed; a wrong one is given no time, and the
benchmark fails. One thread; the time is the median of single calls, less that of reading the clock, and of a call with
nothing to do where the kernel can be told so. The peak is measured beside each kernel. For a cell, the time of an
element is what is left beyond its products. Where noise hides such a difference, the whole is given as a bound: "<" a
time, ">" a speed.
"""

import argparse
import sys
from dataclasses import asdict, dataclass

from benchmarks.cases import all_cases
from benchmarks.cases.contract import CallTime, Case, seconds_of
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import MISSING, number, percent, table
from benchmarks.shared.peak import SLICES, measure_peak
from benchmarks.shared.shape import QUICK_SHAPE, Shape
from charrnn.kinds.config import PRECISIONS

SHAPES = [Shape(128, 2, 50, 50, 65), Shape(512, 2, 64, 100, 96)]


@dataclass(frozen=True)
class Timing:
    """A kernel's figures; None where one does not apply."""

    kernel: str
    size: str
    seconds: float
    peak_gflops: float | None
    gflops: float | None = None
    part_of_peak: float | None = None
    nanoseconds: float | None = None
    """Of an element."""
    at_most: bool = False
    """Whether ``seconds`` is an upper bound."""
    nanoseconds_at_most: bool = False
    """Whether ``nanoseconds`` is."""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("kernels", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=SHAPES, help="H/L/B/T/V,... (a small and a large one)")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="to call each kernel (%(default)s)")
    return parser


def check(case: Case) -> str:
    """What is wrong with the kernel's result; "" if it is right."""
    case.prepare()
    case.run()
    error = case.error()
    return "" if error <= 1 else f"{case.name} ({case.size}) is wrong: {error:.3g} times the error that rounding allows"


def figures_of(case: Case, call: CallTime, peak: float | None, product: CallTime | None = None) -> Timing:
    """All that follows from the time of a call; ``product`` is that of each of the products within it.

    There is no ``peak`` for bf16, whose products have another one than that of ``benchmarks.shared.peak``.
    """
    gflops = case.flop / call.seconds / 1e9 if case.flop else None
    beyond = call.seconds - case.repeats * product.seconds if product and not product.at_most else 0.0
    bound = call.at_most or (bool(case.repeats) and beyond <= 0)
    return Timing(
        kernel=case.name,
        size=case.size,
        seconds=call.seconds,
        peak_gflops=peak,
        gflops=gflops,
        part_of_peak=gflops / peak if gflops and peak else None,
        nanoseconds=1e9 * (beyond if beyond > 0 else call.seconds) / case.count if case.count else None,
        at_most=call.at_most,
        nanoseconds_at_most=bool(case.count) and bound,
    )


def microseconds(timing: Timing) -> str:
    """Of a call, as shown."""
    return marked("<" * timing.at_most, number(1e6 * timing.seconds))


def marked(mark: str, figure: str) -> str:
    """A figure behind its mark; nothing is marked where there is none."""
    return figure if figure == MISSING else mark + figure


def kernels_table(timings: list[Timing]) -> str:
    """A row for each kernel."""
    rows = []
    for one in timings:
        nanoseconds = MISSING if one.nanoseconds is None else f"{one.nanoseconds:.3f}"
        least = ">" * one.at_most
        rows.append(
            [
                one.kernel,
                one.size,
                microseconds(one),
                marked(least, number(one.gflops)),
                marked(least, percent(one.part_of_peak)),
                marked("<" * one.nanoseconds_at_most, nanoseconds),
            ]
        )
    return table(["kernel", "size", "us", "GFLOP/s", "of peak", "ns/element"], rows)


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    shapes, limit, slices = choices.shapes, choices.seconds, SLICES
    if choices.quick:
        shapes, limit, slices = [QUICK_SHAPE], 0.001, 1
    sections, results, wrong = [], [], []
    for shape in shapes:
        calls: dict[str, CallTime] = {}
        timings: dict[str, Timing] = {}
        for case in all_cases(shape, choices.precision):
            if fault := check(case):
                wrong.append(fault)
                continue
            peak = None if choices.precision == "bf16" else measure_peak(choices.precision, slices).gflops
            calls[case.name] = seconds_of(case, limit)
            timings[case.name] = figures_of(case, calls[case.name], peak, calls.get(case.product))
            command.say(f"{shape} {case.name}: {microseconds(timings[case.name])} us")
        sections.append(f"{shape}, {choices.precision}:\n\n{kernels_table(list(timings.values()))}")
        results += [{"shape": str(shape)} | asdict(timing) for timing in timings.values()]
    text = "\n\n".join(sections)
    if wrong:
        print(text)
        raise BenchmarkError("; ".join(wrong))
    return {"results": results}, text


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("kernels", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
