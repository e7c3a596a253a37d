"""The matrix tile: a product of bfloat16 in the tile registers of AMX, written as LLVM IR.

A tile register holds 16 rows of 64 bytes. One instruction multiplies 16 rows of A, each of 16 pairs of bfloat16, by
16 pairs of rows of B, each of 16 columns, and adds the products to 16 x 16 sums in float32: 16,384 operations in 16
cycles, where vectors of float32 do 64 per cycle. The largest tile uses all eight registers:

    up to 2 x 3 registers of sums, 1 of A, 1 of B

A row of A holds its pairs one after the other; panels of B are those of ``simd``, with pairs as elements. Sums over k
are padded with zeros to whole registers. The processor sets the order of summation within 16 pairs, and groups of
16 pairs are summed in order. The order is the same for every element, whatever tile it is in.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from charrnn.kernels.processor import TILE_REGISTERS
from charrnn.kernels.vectors import INDEX, Matrix, Tile, Vectors, row_named

ROWS = 16
"""Rows of a tile register."""

HEIGHT = 2 * ROWS
"""Rows of the largest tile."""

STEPS = 16
"""Pairs of k in a tile register."""

VECTORS = 3
"""Width of the largest tile, in registers of 16 columns."""

LEFT, RIGHT = 6, 7
"""The registers of A and of B; registers 0 to 5 hold the sums."""

BYTE = ir.IntType(8)


def multiplies(dtype: types.Type) -> bool:
    """Whether packed arrays of this type are multiplied in tile registers."""
    return TILE_REGISTERS and dtype == types.int32


def _call(builder: ir.IRBuilder, name: str, *arguments: ir.Value) -> None:
    function = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, function, f"llvm.x86.{name}"), arguments)


def _transfer(builder: ir.IRBuilder, name: str, register: int, pointer: ir.Value, stride: ir.Value) -> None:
    _call(builder, name, BYTE(register), builder.bitcast(pointer, BYTE.as_pointer()), stride)


def _half(builder: ir.IRBuilder, height: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Whether ``height`` rows take two registers, and the number of rows in each register."""
    two = builder.icmp_signed(">", height, INDEX(ROWS))
    return two, builder.select(two, builder.lshr(builder.add(height, INDEX(1)), INDEX(1)), height)


@intrinsic
def configure(_typing, panels, height):
    """Configure the tile registers for tiles of ``height`` rows, if they multiply ``panels``; else do nothing."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if multiplies(panels.dtype):
            # Intel's layout: the palette in byte 0, bytes per row (16 bits each) from byte 16, rows from byte 48.
            _, rows = _half(builder, args[1])
            place = cgutils.alloca_once(builder, ir.ArrayType(INDEX, 8))
            words = [INDEX(1), INDEX(0), *[INDEX(0x0040004000400040)] * 2, INDEX(0), INDEX(0)]
            words += [builder.add(builder.mul(rows, INDEX(0x0001010101010101)), INDEX(ROWS << 56)), INDEX(0)]
            for n, word in enumerate(words):
                builder.store(word, builder.gep(place, [INDEX(0), INDEX(n)]))
            _call(builder, "ldtilecfg", builder.bitcast(place, BYTE.as_pointer()))
        return context.get_dummy_value()

    return types.void(panels, types.intp), codegen


@intrinsic
def release(_typing, panels):
    """Release the tile registers, so that the system need not save their contents; see ``configure``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if multiplies(panels.dtype):
            _call(builder, "tilerelease")
        return context.get_dummy_value()

    return types.void(panels), codegen


@intrinsic
def copy_start(_typing, panels, shape, start, ids, start_place, c, c_place):
    """``C[r, n] = start[r, n]``, if the tile registers multiply ``panels``; else do nothing.

    Args:
        panels: the packed panels of B.
        shape: (rows, vectors, tail), as in ``simd.tile``.
        start: as in ``simd.tile``.
        ids: as in ``simd.tile``.
        start_place: (id, offset, stride), as in ``simd.tile`` without ``use``.
        c: as in ``simd.tile``.
        c_place: as in ``simd.tile``.
    """
    pair, triple = (types.UniTuple(types.intp, n) for n in (2, 3))

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not multiplies(panels.dtype):
            return context.get_dummy_value()
        starts, numbers, target = (context.make_array(sig.args[i])(context, builder, args[i]).data for i in (2, 3, 5))
        rows, vectors, tail = cgutils.unpack_tuple(builder, args[1])
        first_id, start_offset, start_stride = cgutils.unpack_tuple(builder, args[4])
        c_offset, c_stride = cgutils.unpack_tuple(builder, args[6])
        simd = Vectors(builder, ir.FloatType(), ROWS, tail)
        start_rows = Matrix(builder.gep(starts, [start_offset]), start_stride, INDEX(1))
        c_rows = Matrix(builder.gep(target, [c_offset]), c_stride, INDEX(1))
        last = builder.sub(vectors, INDEX(1))
        with cgutils.for_range(builder, rows) as loop:
            source = row_named(builder, numbers, builder.add(first_id, loop.index), start_rows)
            row = c_rows.row(builder, loop.index)
            with builder.if_then(builder.icmp_unsigned("!=", source, row)):
                for n in range(VECTORS - 1):
                    with builder.if_then(builder.icmp_signed("<", INDEX(n), last)):
                        simd.store(simd.load(source, n), row, n)
                end = [builder.gep(pointer, [builder.mul(last, INDEX(ROWS))]) for pointer in (source, row)]
                simd.store(simd.load(end[0], 0, masked=True), end[1], 0, masked=True)
        return context.get_dummy_value()

    return types.void(panels, triple, start, ids, triple, c, pair), codegen


class _Sums(NamedTuple):
    """Where a tile loads its sums from and stores them to."""

    c: Matrix
    aside: Matrix
    """(HEIGHT, 16): used for the last column of registers if it reaches beyond the end of C's rows."""
    whole: ir.Value
    """Whether the last column of registers lies within C."""


def emit_tile(simd: Vectors, tile: Tile, rows: ir.Value, vectors: ir.Value, height: ir.Value) -> None:
    """Emit the code of one tile, which is added to C; ``configure(height)`` must have run.

    ``rows`` is ``height``, or may be one less if the rows take two registers.
    """
    builder = simd.builder
    room = cgutils.alloca_once(builder, ir.ArrayType(ir.FloatType(), HEIGHT * ROWS))
    aside = Matrix(builder.bitcast(room, ir.FloatType().as_pointer()), INDEX(ROWS), INDEX(1))
    sums = _Sums(tile.c, aside, simd.whole)
    two, half = _half(builder, height)
    # The two registers may overlap in the middle rows, which both compute with the same result.
    first_rows = [INDEX(0), builder.sub(rows, half)]
    end = builder.append_basic_block("matrix_tile_end")
    choose = builder.switch(builder.add(builder.shl(vectors, INDEX(1)), builder.zext(two, INDEX)), end)
    for width in range(1, VECTORS + 1):
        for halves in (1, 2):
            block = builder.append_basic_block(f"matrix_tile_{halves}x{width}")
            choose.add_case(INDEX(2 * width + halves - 1), block)
            builder.position_at_end(block)
            with builder.if_then(builder.not_(sums.whole), likely=False), cgutils.for_range(builder, rows) as loop:
                end_of_row = simd.load(sums.c.row(builder, loop.index), width - 1, masked=True)
                simd.store(end_of_row, aside.row(builder, loop.index), 0)
            _emit_sums(simd, tile, first_rows[:halves], width, sums)
            with builder.if_then(builder.not_(sums.whole), likely=False), cgutils.for_range(builder, rows) as loop:
                total = simd.load(aside.row(builder, loop.index), 0)
                simd.store(total, sums.c.row(builder, loop.index), width - 1, masked=True)
            builder.branch(end)
    builder.position_at_end(end)


def _emit_sums(simd: Vectors, tile: Tile, first_rows: list[ir.Value], width: int, sums: _Sums) -> None:
    """Emit the code that computes a tile's sums and adds them to what ``sums`` holds."""
    builder = simd.builder
    a_rows = [tile.a.row(builder, r) for r in first_rows]
    a_stride, b_stride = builder.shl(tile.a.stride, INDEX(2)), INDEX(4 * width * ROWS)

    def transfer_sums(name: str) -> None:
        for half, r in enumerate(first_rows):
            for n in range(width):
                place = builder.gep(sums.c.row(builder, r), [INDEX(n * ROWS)])
                stride = builder.shl(sums.c.stride, INDEX(2))
                if n == width - 1:
                    place = builder.select(sums.whole, place, sums.aside.row(builder, r))
                    stride = builder.select(sums.whole, stride, INDEX(4 * ROWS))
                _transfer(builder, name, VECTORS * half + n, place, stride)

    transfer_sums("tileloadd64")
    with cgutils.for_range_slice(builder, INDEX(0), tile.k_end, INDEX(STEPS)) as (k, _):
        b_row = builder.gep(tile.b.pointer, [builder.mul(k, INDEX(width * ROWS))])
        held, columns = None, list(range(width))
        for half, a_row in enumerate(a_rows):
            _transfer(builder, "tileloadd64", LEFT, builder.gep(a_row, [k]), a_stride)
            for n in columns:
                if n != held:
                    _transfer(builder, "tileloadd64", RIGHT, builder.gep(b_row, [INDEX(n * ROWS)]), b_stride)
                    held = n
                _call(builder, "tdpbf16ps", BYTE(VECTORS * half + n), BYTE(LEFT), BYTE(RIGHT))
            columns.reverse()  # begin with the column that is already loaded
    transfer_sums("tilestored64")
