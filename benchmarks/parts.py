"""Where the time of a training step goes: the parts that threads do together, and what is between them.

The step is that of the trainer, without its events. A part is timed from the call until all threads are done, waking
them up included; the figure is the median over the steps of one process. What remains of a step is the interpreter's.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count

from benchmarks.engines.contract import CLIP_NORM, LEARNING_RATE, config_of, parameters_of, random_text
from benchmarks.shared import command
from benchmarks.shared.clock import since
from benchmarks.shared.output import number, percent, table
from benchmarks.shared.peak import measure_peak
from benchmarks.shared.shape import QUICK_SHAPE, Shape
from benchmarks.shared.worker import LEAST_STEPS, WARM_UP_STEPS
from charrnn.cells.contract import find_cell
from charrnn.kinds.config import PRECISIONS
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import Network
from charrnn.optimizers.optimizer import Optimizer
from charrnn.text.batches import Batch
from charrnn.text.windows import Windows
from charrnn.workers import Workers

SHAPES = [Shape(256, 1, 32, 64, 65), Shape(512, 1, 32, 64, 65), Shape(1024, 1, 64, 64, 96)]

PARTS = (
    "forward, loss, backward",
    "weights' gradients",
    "gradients behind the table",
    "norm, clipping, update",
    "packing",
    "table",
)
"""In the order in which a step asks the threads for them."""

BETWEEN = "between"


@dataclass(frozen=True)
class PartTiming:
    """A part's figures; None where one does not apply."""

    shape: str
    threads: int
    part: str
    seconds: float
    share: float
    """Of the step."""
    gflops: float | None
    part_of_peak: float | None
    """Of as many cores as there are threads."""
    gbytes_per_second: float | None
    """Of parameters and packed matrices, read and written."""


class Watched(Workers):
    """Workers that write down how long each job takes."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.seconds: list[float] = []

    def run(self, job: Callable[[int, int], None], most: int | None = None) -> None:
        """See ``Workers.run``."""
        began = time.perf_counter()
        super().run(job, most)
        self.seconds.append(since(began, "perf_counter"))


def steps(shape: Shape, precision: str, threads: int) -> Iterator[dict[str, float]]:
    """Seconds of each part, step by step."""
    workers = Watched(threads)
    parameters = parameters_of(shape, precision)
    network = Network(parameters, workers, training=True)
    learner = TruncatedBPTT(network, shape.steps, shape.streams)
    optimizer = Optimizer("adam", parameters.vector, parameters.decaying, workers)
    windows = Windows(random_text(shape), shape.streams, shape.steps)
    state, gradient = network.initial_state(shape.streams), learner.gradient.vector
    for step in count():
        workers.seconds.clear()
        began = time.perf_counter()
        learner.loss_and_gradient(Batch(*windows[step % len(windows)]), state)
        optimizer.clip_and_update(gradient, LEARNING_RATE, step + 1, clip_norm=CLIP_NORM)
        network.refresh()
        between = since(began + sum(workers.seconds), "perf_counter")
        *gradients, norm, update, packing, table = workers.seconds
        yield dict(zip((*PARTS, BETWEEN), (*gradients, norm + update, packing, table, between), strict=True))


def work(shape: Shape) -> dict[str, int]:
    """Floating-point operations of the parts that are matrix products; of all together, ``Shape.flop``."""
    table = 2 * shape.vocabulary**2 * find_cell(shape.cell).gates * shape.hidden
    gradients = 2 * shape.characters * shape.weights_read
    return dict(zip(PARTS, (shape.flop - gradients - 3 * table, gradients, 2 * table, 0, 0, table), strict=True))


def traffic(shape: Shape, precision: str) -> dict[str, int]:
    """Bytes that parts over all parameters have to read and write."""
    config = config_of(shape, precision)
    size = config.dtype.itemsize
    parameters = size * parameters_of(shape, precision).vector.size
    packed = shape.weights_read + shape.vocabulary * config.stack.gate_width
    written = packed * (2 if precision == "bf16" else size)
    return {"norm, clipping, update": 8 * parameters, "packing": 2 * (size * packed + written)}


def peak_of(precision: str) -> float:
    """GFLOP/s of one core now; 0 for bf16, whose products have another one."""
    return 0.0 if precision == "bf16" else measure_peak(precision).gflops


def timings(shape: Shape, precision: str, threads: int, seconds: float) -> list[PartTiming]:
    """All parts of a step at a shape."""
    peaks, running = [peak_of(precision)], steps(shape, precision, threads)
    measured: list[dict[str, float]] = []
    for _ in range(WARM_UP_STEPS):
        next(running)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(measured) < LEAST_STEPS:
        measured.append(next(running))
    peaks.append(peak_of(precision))
    total = statistics.median(sum(step.values()) for step in measured)
    flop, size = work(shape), traffic(shape, precision)

    def timing(part: str) -> PartTiming:
        median = statistics.median(step[part] for step in measured)
        gflops = flop[part] / median / 1e9 if flop.get(part) else None
        return PartTiming(
            shape=str(shape),
            threads=threads,
            part=part,
            seconds=median,
            share=median / total,
            gflops=gflops,
            part_of_peak=gflops / max(peaks) / threads if gflops and all(peaks) else None,
            gbytes_per_second=size[part] / median / 1e9 if part in size else None,
        )

    return [timing(part) for part in (*PARTS, BETWEEN)]


def parts_table(timed: list[PartTiming]) -> str:
    """A row for each part."""
    rows = [
        [
            one.part,
            number(1e3 * one.seconds),
            f"{100 * one.share:.1f} %",
            number(one.gflops),
            percent(one.part_of_peak),
            number(one.gbytes_per_second),
        ]
        for one in timed
    ]
    return table(["part", "ms", "of the step", "GFLOP/s", "of peak", "GB/s"], rows)


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("parts", __doc__ or "")
    parser.add_argument("--shapes", type=command.shapes, default=SHAPES, help="H/L/B/T/V,... (three sizes)")
    parser.add_argument("--threads", type=command.numbers, default="1,2", help="numbers between commas (%(default)s)")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of steps to time for each table (%(default)s)")
    return parser


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    shapes, limit = ([QUICK_SHAPE], 0.0) if choices.quick else (choices.shapes, choices.seconds)
    sections, results = [], []
    for shape in shapes:
        for threads in command.possible_threads(choices.threads):
            timed = timings(shape, choices.precision, threads, limit)
            milliseconds = 1e3 * sum(one.seconds for one in timed)
            title = f"{shape}, {choices.precision}, {threads} {'thread' if threads == 1 else 'threads'}"
            command.say(f"{title}: {number(milliseconds)} ms a step")
            sections.append(f"{title}:\n\n{parts_table(timed)}")
            results += [asdict(one) for one in timed]
    return {"results": results}, "\n\n".join(sections)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("parts", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
