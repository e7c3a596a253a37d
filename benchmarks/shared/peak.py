"""The peak of one core, measured: fused multiply-adds on registers alone, as many as the core can start.

Each chain ``x = x * a + b`` must wait for its own last result, so a loop of enough independent chains keeps all
arithmetic units busy, and no load or store is in the way. Several widths of vectors and numbers of chains are tried,
because that is how to know neither the CPU nor the package's choice of registers; the fastest is the peak. A matrix
product cannot be faster than this; how near it comes is how good it is.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from benchmarks.shared.clock import seconds_of_call

INDEX = ir.IntType(64)
CANDIDATES = ((16, 12), (16, 24), (32, 12), (64, 24))
"""(bytes of a vector, chains): for 16 or 32 registers of 128 bits, for AVX2 and for AVX-512."""

SLICE_SECONDS = 0.01
SLICES = 5


class Peak(NamedTuple):
    """The fastest loop found."""

    gflops: float
    """10^9 floating-point operations a second, two for each multiply-add."""
    vector_bytes: int
    chains: int


def _splat(builder: ir.IRBuilder, scalar: ir.Value, lanes: int) -> ir.Value:
    vector = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    for lane in range(lanes):
        vector = builder.insert_element(vector, scalar, ir.IntType(32)(lane))
    return vector


def make_loop(lanes: int, chains: int) -> Callable[..., Any]:
    """``loop(a, b, rounds)``: ``rounds`` multiply-adds of each chain, compiled for the type of ``a``."""

    @intrinsic
    def multiply_adds(typingctx, a, b, rounds):
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            a, b, count = args
            vector = ir.VectorType(a.type, lanes)
            name = f"llvm.fmuladd.v{lanes}{a.type.intrinsic_name}"
            fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
            factor, summand = _splat(builder, a, lanes), _splat(builder, b, lanes)
            # Chains that began alike would be merged into one.
            starts = [_splat(builder, builder.fadd(b, a.type(chain + 1.0)), lanes) for chain in range(chains)]
            before, loop, done = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("done")
            builder.branch(loop)
            builder.position_at_end(loop)
            i = builder.phi(INDEX)
            values = [builder.phi(vector) for _ in range(chains)]
            following = [builder.call(fma, [value, factor, summand]) for value in values]
            after = builder.add(i, INDEX(1))
            i.add_incoming(INDEX(0), before)
            i.add_incoming(after, loop)
            for value, start, result in zip(values, starts, following, strict=True):
                value.add_incoming(start, before)
                value.add_incoming(result, loop)
            builder.cbranch(builder.icmp_signed("<", after, count), loop, done)
            builder.position_at_end(done)
            total = following[0]
            for result in following[1:]:
                total = builder.fadd(total, result)
            return builder.extract_element(total, ir.IntType(32)(0))

        return a(a, a, types.intp), codegen

    @numba.njit(nogil=True)
    def loop(a, b, rounds):
        return multiply_adds(a, b, rounds)

    return loop  # type: ignore[no-any-return]


def seconds_of(loop: Callable[..., Any], real: Any, rounds: int) -> float:
    """What so many rounds take."""
    return seconds_of_call(partial(loop, real(0.5), real(1.0), rounds))


def rounds_in(seconds: float, loop: Callable[..., Any], real: Any) -> int:
    """A number of rounds that takes so long or longer."""
    rounds = 1 << 15
    while seconds_of(loop, real, rounds) < seconds:
        rounds *= 2
    return rounds


@cache
def loops(dtype: str) -> list[tuple[Callable[..., Any], int, int]]:
    """The candidates: loop, bytes of a vector and chains."""
    itemsize = np.dtype(dtype).itemsize
    return [(make_loop(size // itemsize, chains), size, chains) for size, chains in CANDIDATES]


def measure_peak(dtype: str = "float32", slices: int = SLICES) -> Peak:
    """Peak of one core for ``dtype``, measured now; take it again beside each figure that is compared with it.

    All loops are measured each time, by turns: who disturbs does not disturb all slices of the fastest one.
    """
    itemsize, real = np.dtype(dtype).itemsize, np.dtype(dtype).type
    rounds = [rounds_in(SLICE_SECONDS, loop, real) for loop, _, _ in loops(dtype)]
    return max(
        Peak(2 * size // itemsize * chains * count / seconds_of(loop, real, count) / 1e9, size, chains)
        for _ in range(slices)
        for (loop, size, chains), count in zip(loops(dtype), rounds, strict=True)
    )
