"""A fresh process that trains one engine on one shape, and prints one line of JSON about speed and memory.

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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.engines.contract import find_engine
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape

WARM_UP_STEPS = 3
LEAST_STEPS = 5
WARM_UP_SHAPE = Shape(16, 2, 4, 3, 5)
"""A tiny model that brings all code and thread pools into memory before the model that is measured."""

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


def timed(steps: Iterator[float], seconds: float) -> dict[str, Any]:
    """Median and mean seconds of a step on the wall's clock, and the median on the CPU's; the last loss."""
    wall: list[float] = []
    cpu: list[float] = []
    loss = math.nan
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or len(wall) < LEAST_STEPS:
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        loss = next(steps)
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    return {
        "steps": len(wall),
        "step_seconds": statistics.median(wall),
        "step_seconds_mean": statistics.fmean(wall),
        "step_cpu_seconds": statistics.median(cpu),
        "loss_nats": loss,
    }


def measure(job: Job) -> dict[str, Any]:
    """Train as asked; seconds of a step, and the memory that model and training took."""
    engine, shape = find_engine(job.engine), Shape.parse(job.shape)
    warm_up = engine.train(WARM_UP_SHAPE, job.precision, job.threads)
    for _ in range(WARM_UP_STEPS):
        next(warm_up)
    warm_up.close()  # type: ignore[attr-defined]
    del warm_up
    gc.collect()
    forget_high_water()
    before = memory_now()
    steps = engine.train(shape, job.precision, job.threads)
    for _ in range(WARM_UP_STEPS):
        next(steps)
    result = asdict(job) | timed(steps, job.seconds)
    after = memory_now()
    if before and after:
        result |= {"memory_before": before[0], "memory_peak": after[1], "memory_model": after[1] - before[0]}
    if not math.isfinite(result["loss_nats"]):
        raise BenchmarkError(f"{engine.name} has diverged: its figures would mean nothing")
    return result


if __name__ == "__main__":
    print(json.dumps(measure(Job(**json.loads(sys.argv[1])))))
