"""A fresh process that lets one engine train or sample at one shape, and prints one line of JSON about it.

    python -m benchmarks.shared.worker '{"engine": "charrnn", "shape": "512/2/64/100/96", ...}'

Every figure comes from a process of its own, because what ran before in a process changes its speed (the allocator's
state, threads, the CPU's clock) and its memory.
"""

import gc
import json
import math
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.engines.contract import find_engine
from benchmarks.shared.clock import Clock, since
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape

WARM_UP_STEPS = 3
LEAST_STEPS = 5
WARM_UP_SHAPE = Shape(16, 2, 4, 3, 5)
"""A tiny model that brings all code and thread pools into memory before the model that is measured."""

CLOCKS: dict[str, Clock] = {"wall": "perf_counter", "cpu": "process_time"}

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Job:
    """What a worker is to do."""

    engine: str
    shape: str
    precision: str = "float32"
    threads: int = 1
    seconds: float = 0.0
    """How long to time steps, LEAST_STEPS at least."""
    clock: str = "wall"
    """One of CLOCKS; that of the CPU adds up the time of all threads, waiting ones included."""
    task: str = "train"
    """What the engine does: "train" or "sample"."""

    def __post_init__(self) -> None:
        if self.clock == "cpu" and self.threads != 1:
            raise BenchmarkError("--clock cpu adds up the time of all threads: use it with --threads 1")


def memory_now() -> tuple[int, int] | None:
    """Bytes of memory this process has resident, now and at most; None where the system does not tell."""
    if not STATUS.exists():
        return None
    fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    now, most = (1024 * int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    return now, most


def forget_high_water() -> None:
    """Let the high-water mark begin at what is resident now; Linux does so for a 5."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def timed(steps: Iterator[Any], job: Job) -> dict[str, Any]:
    """Median and mean seconds of a step, and the last loss of training."""
    clock = CLOCKS[job.clock]
    times: list[float] = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < job.seconds or len(times) < LEAST_STEPS:
        start = getattr(time, clock)()
        last = next(steps)
        times.append(since(start, clock))
    result = {
        "steps": len(times),
        "step_seconds": statistics.median(times),
        "step_seconds_mean": statistics.fmean(times),
    }
    return result | {"loss_nats": last} if job.task == "train" else result


def measure(job: Job) -> dict[str, Any]:
    """Train or sample as asked; seconds of a step, and the memory that model and work took."""
    shape, engine = Shape.parse(job.shape), find_engine(job.engine)
    work = getattr(engine, job.task)
    warm_up = work(replace(WARM_UP_SHAPE, cell=shape.cell), job.precision, job.threads)
    for _ in range(WARM_UP_STEPS):
        next(warm_up)
    warm_up.close()
    del warm_up
    gc.collect()
    forget_high_water()
    before = memory_now()
    steps = work(shape, job.precision, job.threads)
    for _ in range(WARM_UP_STEPS):
        next(steps)
    result = timed(steps, job)
    after = memory_now()
    if before and after:
        result |= {"memory_before": before[0], "memory_peak": after[1], "memory_model": after[1] - before[0]}
    if not math.isfinite(result.get("loss_nats", 0.0)):
        raise BenchmarkError(f"{engine.name} has diverged: its figures would mean nothing")
    return result


if __name__ == "__main__":
    print(json.dumps(measure(Job(**json.loads(sys.argv[1])))))
