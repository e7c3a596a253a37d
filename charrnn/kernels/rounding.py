"""Round rows of float32 to bfloat16 (nearest, ties to even), a whole vector at a time, written as LLVM IR.

A bfloat16 is the upper half of a float32's bits, with 8 bits of precision. An int32 holds a pair of numbers with
neighbouring k, the even k in the lower half. A pair is one step of a sum over k. Numbers beyond the end of a row count
as zero. Rows that are written to are contiguous and padded to whole registers.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from charrnn.kernels.processor import NATIVE_BFLOAT16, lanes
from charrnn.kernels.vectors import INDEX, BFloat16, Vectors, transposed

LANES = lanes(4)
"""Numbers in a vector register."""

ROUNDED_WORD = ir.IntType(32)


def _words(number: int, count: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(ROUNDED_WORD, count), [number] * count)


def _round(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The bits of a vector of floats rounded to bfloat16; NaN stays NaN."""
    count = x.type.count
    words, halves = (ir.VectorType(ir.IntType(bits), count) for bits in (32, 16))
    if NATIVE_BFLOAT16:
        return builder.bitcast(builder.fptrunc(x, ir.VectorType(BFloat16(), count)), halves)
    bits = builder.bitcast(x, words)
    odd = builder.and_(builder.lshr(bits, _words(16, count)), _words(1, count))
    nearest = builder.add(builder.add(bits, _words(0x7FFF, count)), odd)
    quiet = builder.or_(bits, _words(1 << 22, count))
    rounded = builder.select(builder.fcmp_unordered("uno", x, x), quiet, nearest)
    return builder.trunc(builder.lshr(rounded, _words(16, count)), halves)


def _load(builder: ir.IRBuilder, row: ir.Value, first: ir.Value, length: ir.Value | None) -> ir.Value:
    """Load LANES numbers of a row, from ``first`` on.

    Numbers beyond the row's ``length`` read as zero. If ``length`` is None, all exist, and no mask is used.
    """
    vectors = Vectors(builder, ir.FloatType(), LANES, INDEX(LANES) if length is None else builder.sub(length, first))
    return vectors.load(builder.gep(row, [first]), 0, masked=length is not None)


def _for_each(
    builder: ir.IRBuilder, whole: ir.Value, length: ir.Value, step: int, body: Callable[[ir.Value, bool], None]
) -> None:
    """Emit ``body(first, is_whole)`` for each ``step`` numbers up to ``length``; those below ``whole`` need no mask."""
    end = builder.and_(whole, INDEX(-step))
    for begin, stop, is_whole in ((INDEX(0), end, True), (end, length, False)):
        with cgutils.for_range_slice(builder, begin, stop, INDEX(step)) as (first, _):
            body(first, is_whole)


def _load_pairs(builder: ir.IRBuilder, row: ir.Value, first: ir.Value, length: ir.Value | None) -> ir.Value:
    """Load 2 LANES numbers like ``_load``, and round them to LANES pairs of neighbours."""
    halves = [
        _round(builder, _load(builder, row, begin, length)) for begin in (first, builder.add(first, INDEX(LANES)))
    ]
    lanes = ir.Constant(ir.VectorType(ROUNDED_WORD, 2 * LANES), list(range(2 * LANES)))
    return builder.bitcast(builder.shuffle_vector(*halves, lanes), ir.VectorType(ROUNDED_WORD, LANES))


def _store(builder: ir.IRBuilder, pairs: ir.Value, row: ir.Value, first: ir.Value) -> None:
    builder.store(pairs, builder.bitcast(builder.gep(row, [first]), pairs.type.as_pointer()), align=4)


@intrinsic
def round_row(_typing, row, to):
    """Round a row of float32 to a row of pairs, written up to the end of a register."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, target = (context.make_array(sig.args[i])(context, builder, args[i]) for i in range(2))
        (length,) = cgutils.unpack_tuple(builder, source.shape)

        def body(first: ir.Value, is_whole: bool) -> None:
            pairs = _load_pairs(builder, source.data, first, None if is_whole else length)
            _store(builder, pairs, target.data, builder.lshr(first, INDEX(1)))

        _for_each(builder, length, length, 2 * LANES, body)
        return context.get_dummy_value()

    return types.void(row, to), codegen


@intrinsic
def round_pairs(_typing, low, high, there, to, step):
    """Round two rows of float32 to one row of pairs: element n becomes the pair of ``low[n]`` and ``high[n]``.

    Args:
        low: (N,) float32, the even k.
        high: (N,) float32, the odd k.
        there: number of rows that exist: 2, 1 (only ``low``) or 0; missing rows count as zeros.
        to: (steps, at least N), written up to the end of a register.
        step: the row of ``to`` to write.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = [context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 1)]
        target = context.make_array(sig.args[3])(context, builder, args[3])
        (length,) = cgutils.unpack_tuple(builder, rows[0].shape)
        _, width = cgutils.unpack_tuple(builder, target.shape)
        counted = [
            builder.select(builder.icmp_signed(">", args[2], INDEX(i)), length, INDEX(0)) for i in range(len(rows))
        ]
        place = builder.mul(args[4], width)

        def body(first: ir.Value, is_whole: bool) -> None:
            low, high = (
                builder.zext(
                    _round(builder, _load(builder, row.data, first, None if is_whole else count)),
                    ir.VectorType(ROUNDED_WORD, LANES),
                )
                for row, count in zip(rows, counted, strict=True)
            )
            pairs = builder.or_(low, builder.shl(high, _words(16, LANES)))
            _store(builder, pairs, target.data, builder.add(place, first))

        _for_each(builder, counted[1], length, LANES, body)
        return context.get_dummy_value()

    return types.void(low, high, types.intp, to, types.intp), codegen


@intrinsic
def round_transposed(_typing, rows, n, last, step, to):
    """Round LANES rows of float32 to pairs, and transpose them to LANES steps of LANES columns.

    Args:
        rows: (N, K), contiguous.
        n: the first row, and the first column to write.
        last: one beyond the last row; rows from there on count as zeros.
        step: the first step; it holds numbers 2 ``step`` and 2 ``step`` + 1 of each row.
        to: (steps, at least n + LANES), contiguous.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, target = (context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 4))
        _, length = cgutils.unpack_tuple(builder, source.shape)
        steps, width = cgutils.unpack_tuple(builder, target.shape)
        _, n, last, step, _ = args
        rows = []
        for r in range(LANES):
            row = builder.add(n, INDEX(r))
            there = builder.select(builder.icmp_signed("<", row, last), length, INDEX(0))
            start = builder.gep(source.data, [builder.mul(row, length)])
            rows.append(_load_pairs(builder, start, builder.shl(step, INDEX(1)), there))
        for r, column in enumerate(transposed(builder, rows)):
            place = builder.add(step, INDEX(r))
            with builder.if_then(builder.icmp_signed("<", place, steps)):
                _store(builder, column, target.data, builder.add(builder.mul(place, width), n))
        return context.get_dummy_value()

    return types.void(rows, types.intp, types.intp, types.intp, to), codegen
