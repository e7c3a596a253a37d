"""What a case is, and what cases make their arrays with."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.shared.clock import seconds_of_call
from benchmarks.shared.shape import Shape
from charrnn.kernels.arrays import aligned_zeros, row_stride
from charrnn.kernels.packing import Packed, pack, packed_zeros, rounding_buffer
from charrnn.models.language.config import LanguageConfig

Array = npt.NDArray[Any]
LEAST_CALLS = 3


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Case:
    """A kernel at one size."""

    name: str
    size: str
    run: Callable[[], object]
    """Calls the kernel."""
    error: Callable[[], float]
    """How wrong the result of a call is, as a part of what rounding allows: at most 1 is right."""
    prepare: Callable[[], object] = nothing
    """Makes the inputs anew; not timed."""
    idle: Callable[[], object] = nothing
    """The same call with nothing to do, if the kernel can be told so; its time, and the clock's, is taken off."""
    flop: int = 0
    """Of products."""
    count: int = 0
    """Elements, for a time of each."""
    product: str = ""
    repeats: int = 0
    """Name of the case that is done ``repeats`` times within this one; the time of an element is what is left."""


class CallTime(NamedTuple):
    """The time of a call, always above 0."""

    seconds: float
    at_most: bool
    """Whether it is an upper bound: the call and all around it, which the noise did not let be taken off."""


def seconds_of(case: Case, limit: float) -> CallTime:
    """Median of single calls, on the thread's own clock, less that of idle ones; else the least of the calls.

    On a busy machine few calls are undisturbed, and the median of the idle ones may be the greater one.
    """
    busy: list[float] = []
    idle: list[float] = []
    begin = time.perf_counter()
    while len(busy) < LEAST_CALLS or time.perf_counter() - begin < limit:
        case.prepare()
        busy.append(seconds_of_call(case.run))
        idle.append(seconds_of_call(case.idle))
    seconds = statistics.median(busy) - statistics.median(idle)
    return CallTime(seconds, False) if seconds > 0 else CallTime(min(busy), True)


def worst(got: Array, wanted: Array, bound: Array | float) -> float:
    """Largest error as a part of its bound; infinite where something is not finite."""
    if not np.isfinite(got).all():
        return np.inf
    bound = np.maximum(bound, np.finfo("float64").tiny)  # what may not be wrong at all
    return float(np.max(np.abs(got.astype("float64") - wanted) / bound, initial=0.0))


def exact(equal: object) -> float:
    """The error of a result that must be equal."""
    return 0.0 if equal else np.inf


class Inputs:
    """Sizes and arrays of one shape.

    Attributes:
        shape: the training step's shape.
        config: a model of one layer of that shape.
        dtype: of parameters and activations.
        epsilon: its rounding.
        rounding: that of what a product multiplies.
        gates: G, the width of all gates.
        random: where numbers come from.
    """

    def __init__(self, shape: Shape, precision: str) -> None:
        self.shape = shape
        self.config = LanguageConfig(
            vocab_size=shape.vocabulary, hidden_size=shape.hidden, num_layers=1, precision=precision
        )
        self.dtype = self.config.dtype
        self.epsilon = float(np.finfo(self.dtype).eps)
        self.rounding = 2.0**-9 if precision == "bf16" else self.epsilon
        self.gates = self.config.stack.gate_width
        self.random = np.random.default_rng(0)

    def rows(self, *dimensions: int, scale: float = 1.0) -> Array:
        """Normally distributed numbers whose rows lie as those of a layer's buffers do, padding included."""
        stride = row_stride(dimensions[-1], self.dtype.itemsize) if dimensions[-1] else 0
        result = aligned_zeros((*dimensions[:-1], stride), self.dtype)
        result[:] = self.random.normal(0, scale, result.shape)
        return result

    def matrix(self, rows: int, columns: int, scale: float = 1.0) -> Array:
        """A parameter: contiguous."""
        result = aligned_zeros((rows, columns), self.dtype)
        result[:] = self.random.normal(0, scale, result.shape)
        return result

    def vector(self, size: int) -> Array:
        """A flat vector."""
        flat: Array = self.matrix(1, size)[0]
        return flat

    def ids(self, count: int, *dimensions: int) -> Array:
        """Ids below ``count``."""
        return self.random.integers(0, count, dimensions).astype(np.int32)

    def packed(self, w: Array, rows: int = 1) -> Packed:
        """``w`` (K, N) in panels, for products of ``rows`` rows a step."""
        result = self.unpacked(w.shape[0], w.shape[1], rows)
        pack(w, result, 0, 1)
        return result

    def unpacked(self, depth: int, columns: int, rows: int = 1) -> Packed:
        """Room for such a matrix."""
        dtype = self.config.packed_dtype
        return packed_zeros(depth, columns, dtype)._replace(rounded=rounding_buffer(depth, rows, dtype))

    def factor(self, x: Array) -> Array:
        """What a product multiplies in the place of ``x``: in bf16, the nearest bfloat16, ties to even."""
        if self.config.precision != "bf16":
            return x
        bits = np.ascontiguousarray(x).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)
