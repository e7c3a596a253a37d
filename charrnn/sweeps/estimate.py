"""Estimate how long a run takes from its number of operations and the machine's speed of matrix products.

Only one matrix product is measured, so that ten thousand runs are estimated at once. Other costs are converted to
the number of that product's operations that would take as long. They were fitted to benchmarks/results.md. Estimates
are within about a third of the truth unless other programs use the cores.
"""

import math
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import packed_zeros
from charrnn.kinds.config import make_config, options_of_models
from charrnn.kinds.header import config_of
from charrnn.kinds.kind import Cost
from charrnn.storage.checkpoint import load_header
from charrnn.sweeps.planned_run import ORIGIN, PlannedRun
from charrnn.text.sources import versions
from charrnn.training.settings import TRAINING_OPTIONS, limits_in

TRAIN_DEFAULTS: dict[str, Any] = {option.flag: option.default for option in TRAINING_OPTIONS.values()}

PRODUCT = (64, 256, 1024)
"""Rows, inner dimension and columns of the measured product, as in a step of a medium-sized run."""

CALLS = 50

SAMPLE = 1 << 16
"""Bytes of a text from which its vocabulary is estimated."""

RUN_START_SECONDS = 1.5
"""Seconds from the start of a process until it trains."""

PASSES = 3
"""Products with each weight in training: one forward, two for gradients."""

OF_PRODUCTS = 0.82
"""Speed of a step's products relative to the measured one."""

PER_CHARACTER, PER_ACTIVATION = 60_000, 400
"""Operations for each character, and for each activation function."""

PER_WEIGHT, PER_STEP = 950, 1.5e8
"""Operations for each weight in a step, and for everything else in a step."""

FEWEST_ROWS = 4
"""Up to this number of streams, a product takes as long as for one stream."""

SHARED = 0.9
"""Exponent of the speedup: n threads are n ** SHARED times as fast as one."""


class Estimate:
    """Estimates of the time that runs take on this machine.

    Args:
        threads: number of threads of a run whose options give none.
    """

    def __init__(self, threads: int) -> None:
        self._defaults = {**TRAIN_DEFAULTS, "threads": threads}
        self._texts: dict[tuple[str, ...], tuple[int, int]] = {}
        self._origins: dict[str, Mapping[str, Any]] = {}

    @cached_property
    def _rate(self) -> float:
        return operations_per_second()

    def seconds(self, run: PlannedRun) -> float:
        """Return the seconds that a run takes from start to end."""
        if run.sources not in self._texts:
            self._texts[run.sources] = _text(run.sources)
        characters, vocabulary = self._texts[run.sources]
        given: dict[str, Any] = {**self._defaults, **self._inherited(run), **run.options}
        limits = limits_in(run.options)
        config = make_config(max(1, vocabulary), **_of_model(given))
        cost = config.kind.cost(config)
        operations = _operations(given, cost, characters, slow=config.precision == "float64")
        if operations == math.inf:
            return RUN_START_SECONDS + 60 * limits["minutes"]
        seconds: float = operations / self._rate / given["threads"] ** SHARED
        if not cost.counting and "minutes" in limits:
            seconds = min(seconds, 60 * limits["minutes"])
        return RUN_START_SECONDS + seconds

    def _inherited(self, run: PlannedRun) -> Mapping[str, Any]:
        """Return the options of the model that a run starts from."""
        origin = run.options.get(ORIGIN)
        if origin and origin not in self._origins:
            config = config_of(load_header(Path(origin))).to_dict()
            self._origins[origin] = {name.replace("_", "-"): value for name, value in config.items()}
        return self._origins[origin] if origin else {}


def operations_per_second() -> float:
    """Measure how many operations of a matrix product one core does in a second."""
    rows, depth, columns = PRODUCT
    a, c = aligned_zeros((1, rows, depth), np.float32), aligned_zeros((1, rows, columns), np.float32)
    packed, ids = packed_zeros(depth, columns, np.float32), np.zeros((1, rows), np.int32)
    times: list[float] = []
    for _ in range(CALLS):
        began = time.perf_counter()
        matmul(a, packed, c[0], ids, c, 0, rows)
        times.append(time.perf_counter() - began)
    return 2 * rows * depth * columns / max(min(times), 1e-9)


def _of_model(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the given options that belong to the model, by their names in Python."""
    names = {name.replace("_", "-"): name for name in options_of_models()}
    return {names[flag]: value for flag, value in given.items() if flag in names}


def _operations(given: Mapping[str, Any], cost: Cost, characters: int, *, slow: bool) -> float:
    """Return the operations up to a run's first limit of steps or epochs; infinite without such a limit."""
    if cost.counting:
        return characters * cost.counting
    val_characters = int(characters * given["val-fraction"])
    train_characters = characters - val_characters
    streams = given["batch-size"]
    window = given["update-every"] or given["seq-length"] or max(1, train_characters // streams)
    in_epoch = math.ceil(train_characters / (streams * window))
    steps = min(given["steps"] or math.inf, given["epochs"] * in_epoch or math.inf)
    if steps == math.inf:
        return math.inf
    per_character = 2 * PASSES * cost.weights / OF_PRODUCTS + cost.activations * PER_ACTIVATION + PER_CHARACTER
    per_character *= 2 if slow else 1
    learned = max(streams, FEWEST_ROWS) * max(window, given["seq-length"])  # a step advances only by the window
    step = learned * per_character + cost.weights * PER_WEIGHT + PER_STEP
    every = given["eval-every"] or max(100, math.ceil(4 * val_characters / (streams * window)))
    return float(steps * step + math.ceil(steps / every) * val_characters * per_character / PASSES)


def _text(sources: Sequence[str]) -> tuple[int, int]:
    """Estimate the length of a text by its bytes, and its vocabulary by the characters of its beginning."""
    try:
        files = versions(sources) or []
        with Path(files[0][0]).open("rb") as file:
            sample = set(file.read(SAMPLE).decode(errors="replace"))
        return sum(size for _, size, *_ in files), len(sample)
    except (CorpusError, OSError, IndexError):  # the run itself reports it
        return 0, 1
