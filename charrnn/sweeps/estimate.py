"""How long a run will take: its arithmetic, and how fast this machine multiplies matrices.

Nothing but one matrix product is measured, so that ten thousand runs are estimated at once. The costs of what is no
product are counted in operations of the product that would take as long; they were fitted to the figures of
docs/performance.md, and are within a third of the truth or so, as long as no other program needs the cores.
"""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.cells.contract import find_cell
from charrnn.errors import CorpusError
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import packed_zeros
from charrnn.model.config import ModelConfig
from charrnn.model.header import config_of
from charrnn.storage.checkpoint import load_header
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.values import ORIGIN
from charrnn.text.sources import versions
from charrnn.training.settings import TrainingSettings, limits_in

TRAIN_DEFAULTS: dict[str, Any] = {
    field.name.replace("_", "-"): field.default
    for field in (*dataclasses.fields(ModelConfig), *dataclasses.fields(TrainingSettings))
}

PRODUCT = (64, 256, 1024)
"""Rows, length of the sums and columns of the product that is measured: of a step in the middle of what users pick."""

CALLS = 50

SAMPLE = 1 << 16
"""Bytes of a text whose distinct characters stand for its vocabulary."""

RUN_START_SECONDS = 1.5
"""Of a process, until it trains."""

PASSES = 3
"""Products with each weight in training: forward, and for two gradients."""

OF_PRODUCTS = 0.82
"""How fast the products of a step are, beside the one that is measured."""

PER_CHARACTER, PER_GATE = 60_000, 400
"""Operations for each character, and for each gate of a unit and character."""

PER_WEIGHT, PER_STEP = 950, 1.5e8
"""Operations in each step for each weight, and for all else."""

PER_COUNT = 40_000
"""Operations for each character and order of an n-gram model."""

FEWEST_ROWS = 4
"""Streams whose products take as long as those of one."""

SHARED = 0.9
"""Threads to this power are as fast as so many times one."""


class Estimate:
    """Estimates runs on this machine.

    Args:
        threads: of a run that is given none of its own.
    """

    def __init__(self, threads: int) -> None:
        self._defaults = {**TRAIN_DEFAULTS, "threads": threads}
        self._texts: dict[tuple[str, ...], tuple[int, int]] = {}
        self._origins: dict[str, Mapping[str, Any]] = {}

    @cached_property
    def _rate(self) -> float:
        return operations_per_second()

    def seconds(self, run: PlannedRun) -> float:
        """How long a run takes from its beginning."""
        if run.sources not in self._texts:
            self._texts[run.sources] = _text(run.sources)
        characters, vocabulary = self._texts[run.sources]
        given: dict[str, Any] = {**self._defaults, **self._inherited(run), **run.options}
        limits = limits_in(run.options)
        operations = _operations(given, characters, vocabulary)
        if operations == math.inf:
            return RUN_START_SECONDS + 60 * limits["minutes"]
        seconds: float = operations / self._rate / given["threads"] ** SHARED
        if given["model"] != "ngram" and "minutes" in limits:
            seconds = min(seconds, 60 * limits["minutes"])
        return RUN_START_SECONDS + seconds

    def _inherited(self, run: PlannedRun) -> Mapping[str, Any]:
        """The options of the model that a run starts from."""
        origin = run.options.get(ORIGIN)
        if origin and origin not in self._origins:
            config = config_of(load_header(Path(origin))).to_dict()
            self._origins[origin] = {name.replace("_", "-"): value for name, value in config.items()}
        return self._origins[origin] if origin else {}


def operations_per_second() -> float:
    """How many operations of a matrix product one core does in a second."""
    rows, depth, columns = PRODUCT
    a, c = aligned_zeros((1, rows, depth), np.float32), aligned_zeros((1, rows, columns), np.float32)
    packed, ids = packed_zeros(depth, columns, np.float32), np.zeros((1, rows), np.int32)
    times: list[float] = []
    for _ in range(CALLS):
        began = time.perf_counter()
        matmul(a, packed, c[0], ids, c, 0, rows)
        times.append(time.perf_counter() - began)
    return 2 * rows * depth * columns / max(min(times), 1e-9)


def _operations(given: Mapping[str, Any], characters: int, vocabulary: int) -> float:
    """What a run needs up to its first limit of steps or epochs; without one, endlessly many."""
    if given["model"] == "ngram":
        return float(characters * given["order"] * PER_COUNT)
    val_characters = int(characters * given["val-fraction"])
    train_characters = characters - val_characters
    streams = given["batch-size"]
    window = given["update-every"] or given["seq-length"] or max(1, train_characters // streams)
    in_epoch = math.ceil(train_characters / (streams * window))
    steps = min(given["steps"] or math.inf, given["epochs"] * in_epoch or math.inf)
    if steps == math.inf:
        return math.inf
    per_character, weights = _of_character(given, vocabulary)
    learned = max(streams, FEWEST_ROWS) * max(window, given["seq-length"])  # of which those of the window count
    step = learned * per_character + weights * PER_WEIGHT + PER_STEP
    every = given["eval-every"] or max(100, math.ceil(4 * val_characters / (streams * window)))
    return float(steps * step + math.ceil(steps / every) * val_characters * per_character / PASSES)


def _of_character(given: Mapping[str, Any], vocabulary: int) -> tuple[float, int]:
    """Operations of training on one character, and how many weights there are."""
    H, L = given["hidden-size"], given["num-layers"]
    if given["model"] == "tdnn":
        gates, weights = given["context-size"] / 4, vocabulary * H
    else:
        gates = L * find_cell(given["cell"]).gates
        weights = (2 * L - 1) * gates // L * H * H + vocabulary * H * (L if given["skip-connections"] else 1)
    operations = 2 * PASSES * weights / OF_PRODUCTS + gates * H * PER_GATE + PER_CHARACTER
    return operations * (2 if given["precision"] == "float64" else 1), weights


def _text(sources: Sequence[str]) -> tuple[int, int]:
    """About how many characters a text has, and how many distinct ones: its bytes, and those of its beginning."""
    try:
        files = versions(sources) or []
        with Path(files[0][0]).open("rb") as file:
            sample = set(file.read(SAMPLE).decode(errors="replace"))
        return sum(size for _, size, *_ in files), len(sample)
    except (CorpusError, OSError, IndexError):  # the run itself will fail over it
        return 0, 1
