"""The vector tile: a small matrix product whose sums stay in registers, written as LLVM IR.

A tile is the product of ``rows`` rows of A and ``vectors`` vectors of a packed panel of B. It is added to C, or to rows
of another matrix, so that biases need not be copied to C first. Each k loads ``vectors`` vectors of B, broadcasts one
element of each row of A, and does ``rows * vectors`` fused multiply-adds:

    S[r, :] += A[r, k] * B[k, :]        for k = 0 ... K-1, in that order
    C[r, :] = start[r, :] + S[r, :]

The last vector of a row of C may reach beyond the row's end; those lanes are neither read nor written. Every element of
C takes the same operations in the same order whatever tile it is in, so results do not depend on how rows are grouped.
The order of the sum over k is part of the contract.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from charrnn.kernels import matrix
from charrnn.kernels.arrays import ALIGNMENT
from charrnn.kernels.processor import NATIVE_BFLOAT16, REGISTER_BYTES, REGISTERS, lanes
from charrnn.kernels.vectors import INDEX, Matrix, Tile, Vectors, prefetch, row_named, splat, transposed


class TileShape(NamedTuple):
    """Rows and vectors of a tile."""

    rows: int
    vectors: int


TILE = TileShape(8, 3) if REGISTERS == 32 else TileShape(6, 2)
"""The largest tile. It takes 28 of 32 registers: 24 sums, 3 vectors of B and 1 of A; or 15 of 16: 12, 2 and 1."""

ROW_PANELS = 6
"""Most panels that a tile of one row takes at once; r rows take at most 1 / r of that. With one panel, its few sums
would wait for each other; and memory is read faster from several places at once."""

PAIR_ROW_PANELS = ROW_PANELS if NATIVE_BFLOAT16 else 5
"""``ROW_PANELS`` for pairs of bfloat16; emulated products take more registers for each vector."""

AT_ONCE = 2
"""Steps of k in one round of the loop of the tallest tiles, a power of two. Unrolling saves loop instructions, which
cost time when two hardware threads share a core. LLVM unrolls the loops of other tiles, which compile faster so."""

SOON = 8 if REGISTER_BYTES == ALIGNMENT else 0
"""How many steps of k ahead vectors of B are prefetched into the L1 cache; 0 for none, if they fill no cache line."""

FREE_MASKS = REGISTER_BYTES == 64
"""Whether masked loads and stores cost no more than unmasked ones (AVX-512)."""


def tile_shapes(*, panels: int = ROW_PANELS) -> list[TileShape]:
    """All shapes that tiles are compiled for: up to TILE, and few rows by up to ``panels`` panels."""
    rows = range(1, TILE.rows + 1)
    narrow = {TileShape(r, n) for r in rows for n in range(1, TILE.vectors + 1)}
    wide = {TileShape(r, count * TILE.vectors) for r in rows for count in range(1, panels // r + 1)}
    return sorted(narrow | wide)


_Sums = dict[tuple[int, int], ir.Value]
"""A tile's sums by (row, vector)."""


def _emit_tile(simd: Vectors, shape: TileShape, tile: Tile) -> None:
    """Emit the code of one tile of a fixed shape."""
    builder, (rows, vectors) = simd.builder, shape
    places = [(r, n) for r in range(rows) for n in range(vectors)]
    a_rows = [tile.a.row(builder, r) for r in range(rows)]
    for r, n in places:
        prefetch(builder, builder.gep(tile.c.row(builder, r), [INDEX(n * simd.count)]), level=1, write=True)
    totals: _Sums = {place: ir.Constant(simd.type, None) for place in places}
    # With one row or several panels, prefetches come too late to help.
    if rows == 1 or vectors > TILE.vectors:
        alone = tile._replace(ahead=None)
        totals = _emit_loop(simd, shape, alone, a_rows, totals, (INDEX(0), tile.k_end), at_once=1)
    elif 2 * rows < TILE.rows or vectors < TILE.vectors:
        totals = _emit_loop(simd, shape, tile, a_rows, totals, (INDEX(0), tile.k_end), at_once=1)
    else:
        k_rest = builder.and_(tile.k_end, INDEX(-AT_ONCE))
        totals = _emit_loop(simd, shape, tile, a_rows, totals, (INDEX(0), k_rest), AT_ONCE)
        totals = _emit_loop(simd, shape, tile, a_rows, totals, (k_rest, tile.k_end), at_once=1)
    starts = [tile.start_row(r) for r in range(rows)]

    def finish(*, cut: bool) -> None:
        for r, n in places:
            masked = cut and n == vectors - 1
            total = builder.fadd(simd.load(starts[r], n, masked=masked), totals[r, n])
            simd.store(total, tile.c.row(builder, r), n, masked=masked)

    if FREE_MASKS:
        finish(cut=True)
        return
    with builder.if_else(simd.whole) as (whole, cut):
        with whole:
            finish(cut=False)
        with cut:
            finish(cut=True)


def _emit_loop(
    simd: Vectors,
    shape: TileShape,
    tile: Tile,
    a_rows: list[ir.Value],
    starts: _Sums,
    edges: tuple[ir.Value, ir.Value],
    at_once: int,
) -> _Sums:
    """Emit the loop over k between the ``edges``, ``at_once`` steps a round; returns ``starts`` plus the products."""
    builder, (rows, vectors) = simd.builder, shape
    before = builder.block
    loop = builder.append_basic_block(f"k_{rows}x{vectors}")
    done = builder.append_basic_block(f"done_{rows}x{vectors}")
    builder.cbranch(builder.icmp_signed("<", *edges), loop, done)
    builder.position_at_end(loop)
    first = builder.phi(INDEX)
    sums = {place: builder.phi(simd.type) for place in starts}
    totals: _Sums = dict(sums)
    for i in range(at_once):
        k = builder.add(first, INDEX(i))
        if tile.ahead:
            line = builder.gep(tile.ahead.pointer, [builder.mul(k, tile.ahead.step)])
            prefetch(builder, line, level=2, write=False)
        totals = _emit_step(simd, shape, tile, a_rows, k, totals)
    following = builder.add(first, INDEX(at_once))
    first.add_incoming(edges[0], before)
    first.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, edges[1]), loop, done)
    builder.position_at_end(done)
    ends: _Sums = {place: builder.phi(simd.type) for place in starts}
    for place, start in starts.items():
        for phi in (sums[place], ends[place]):
            phi.add_incoming(start, before)
            phi.add_incoming(totals[place], loop)
    return ends


def _emit_step(simd: Vectors, shape: TileShape, tile: Tile, a_rows: list[ir.Value], k: ir.Value, sums: _Sums) -> _Sums:
    """Emit one step of k; returns ``sums`` plus its products. The smaller operand, A or B, is held in registers."""
    builder = simd.builder
    totals: _Sums = {}
    panel = min(shape.vectors, TILE.vectors)
    b_offset = builder.mul(k, INDEX(panel * simd.count))
    b_rows = [builder.gep(tile.b.row(builder, p), [b_offset]) for p in range(shape.vectors // panel)]
    a_offset = builder.mul(k, tile.a.step)

    def element(r: int) -> ir.Value:
        return splat(builder, builder.load(builder.gep(a_rows[r], [a_offset]), align=simd.align), simd.count)

    def vector(n: int) -> ir.Value:
        return simd.load(b_rows[n // panel], n % panel)

    if tile.ahead and SOON:
        for n in range(panel):
            prefetch(builder, builder.gep(b_rows[0], [INDEX((SOON * panel + n) * simd.count)]), level=1, write=False)
    rows, vectors = range(shape.rows), range(shape.vectors)
    if shape.rows < shape.vectors:
        elements = [element(r) for r in rows]
        for n in vectors:
            b = vector(n)
            totals |= {(r, n): simd.multiply_add(elements[r], b, sums[r, n]) for r in rows}
    else:
        loaded = [vector(n) for n in vectors]
        for r in rows:
            a = element(r)
            totals |= {(r, n): simd.multiply_add(a, loaded[n], sums[r, n]) for n in vectors}
    return totals


@intrinsic
def tile(_typing, shape, a, a_place, b, b_place, k_end, ahead, ahead_place, start, ids, start_place, c, c_place):
    """``C[r, n] = start[r, n] + sum over k of A[r, k] * B[k, n]``, for one tile of C.

    Args:
        shape: (rows, vectors, tail, height): ``tail`` is the number of lanes of a row's last vector that belong to C;
            ``height`` is that of ``matrix.configure``: ``rows``, or ``rows + 1`` if that exceeds ``matrix.ROWS``.
        a: array that holds A: of the type of C, or int32 pairs of bfloat16, for two k each.
        a_place: (offset, stride, step) in elements: (r, k) lies at ``offset + r * stride + k * step``.
        b: array of the packed panels, of the type of A: ``vectors`` whole vectors for each k, one k after the other. R
            rows may take up to ROW_PANELS / R panels of TILE.vectors; without ``ahead``, a single one.
        b_place: (offset, stride) in elements: the first panel's offset, and the distance from one panel to the next.
        k_end: number of steps of k, at least 1.
        ahead: array to prefetch into the L2 cache, or None.
        ahead_place: (offset, step) in elements: step k prefetches ``offset + k * step``.
        start: array of the rows to start from; None to start from C. Matrix tiles always start from C and need
            ``matrix.copy_start`` first.
        ids: int32 array, the row of ``start`` for each row of C; None to start from C.
        start_place: (use, id, offset, stride): (r, n) lies at ``offset + ids[id + r] * stride + n``; if ``use`` is 0,
            sums start from C.
        c: array that holds C.
        c_place: (offset, stride) in elements: (r, n) lies at ``offset + r * stride + n``.
    """
    size = types.intp
    places = {n: types.UniTuple(size, n) for n in (2, 3, 4)}
    signature = types.void(
        *(places[4], a, places[3], b, places[2], size, ahead, places[2]), *(start, ids, places[4], c, places[2])
    )

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def pointer(position: int, offset: ir.Value) -> ir.Value:
            array = context.make_array(sig.args[position])(context, builder, args[position])
            return builder.gep(array.data, [offset])

        rows, vectors, tail, height = cgutils.unpack_tuple(builder, args[0])
        a_offset, a_stride, a_step = cgutils.unpack_tuple(builder, args[2])
        b_offset, b_stride = cgutils.unpack_tuple(builder, args[4])
        ahead_offset, ahead_step = cgutils.unpack_tuple(builder, args[7])
        use, first_id, start_offset, start_stride = cgutils.unpack_tuple(builder, args[10])
        c_offset, c_stride = cgutils.unpack_tuple(builder, args[12])
        c = Matrix(pointer(11, c_offset), c_stride, INDEX(1))

        def start_row(r: int) -> ir.Value:
            if sig.args[8] is types.none:
                return c.row(builder, r)
            rows = Matrix(pointer(8, start_offset), start_stride, INDEX(1))
            start = row_named(builder, pointer(9, first_id), INDEX(r), rows)
            return builder.select(builder.icmp_signed("!=", use, INDEX(0)), start, c.row(builder, r))

        a = Matrix(pointer(1, a_offset), a_stride, a_step)
        ahead = None if sig.args[6] is types.none else Matrix(pointer(6, ahead_offset), INDEX(0), ahead_step)
        b = Matrix(pointer(3, b_offset), b_stride, INDEX(1))
        places = Tile(a, b, args[5], ahead, c, start_row)
        simd = Vectors(builder, c.pointer.type.pointee, lanes(sig.args[11].dtype.bitwidth // 8), tail)
        if matrix.multiplies(sig.args[1].dtype):
            matrix.emit_tile(simd, places, rows, vectors, height)
            return context.get_dummy_value()
        end = builder.append_basic_block("tile_end")
        most = TILE.vectors * ROW_PANELS
        choose = builder.switch(builder.add(builder.mul(rows, INDEX(most + 1)), vectors), end)
        for tile_shape in tile_shapes(panels=1 if ahead is None else ROW_PANELS):
            block = builder.append_basic_block("tile_{}x{}".format(*tile_shape))
            choose.add_case(INDEX(tile_shape.rows * (most + 1) + tile_shape.vectors), block)
            builder.position_at_end(block)
            _emit_tile(simd, tile_shape, places)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def copy_rows(_typing, source, first, target, place):
    """``target[place + r] = source[first + r]`` for r < TILE.rows; contiguous arrays of one type."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = ir.VectorType(context.get_data_type(source.dtype), TILE.rows).as_pointer()

        def at(array: int, offset: ir.Value) -> ir.Value:
            data = context.make_array(sig.args[array])(context, builder, args[array]).data
            return builder.bitcast(builder.gep(data, [offset]), vector)

        align = source.dtype.bitwidth // 8
        builder.store(builder.load(at(0, args[1]), align=align), at(2, args[3]), align=align)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), codegen


@intrinsic
def fetch_row(_typing, row):
    """Prefetch a contiguous row into the L1 cache."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array = context.make_array(row)(context, builder, args[0])
        (length,) = cgutils.unpack_tuple(builder, array.shape)
        line = INDEX(8 * ALIGNMENT // row.dtype.bitwidth)
        with cgutils.for_range_slice(builder, INDEX(0), length, line) as (first, _):
            prefetch(builder, builder.gep(array.data, [first]), level=1, write=False)
        return context.get_dummy_value()

    return types.void(row), codegen


@intrinsic
def copy_transposed(_typing, source, column, target, place):
    """Transpose a square: ``target[j, place + i] = source[i, column + j]`` for i, j < L, the lanes of a register.

    Args:
        source: (at least L, at least column + L), contiguous.
        column: the first column of ``source``.
        target: (at least L, at least place + L), contiguous, of the same type.
        place: the first column of ``target``.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count = lanes(source.dtype.bitwidth // 8)
        vector = ir.VectorType(context.get_data_type(source.dtype), count).as_pointer()

        def lines(array: int, column: ir.Value) -> list[ir.Value]:
            matrix = context.make_array(sig.args[array])(context, builder, args[array])
            _, width = cgutils.unpack_tuple(builder, matrix.shape)
            rows = Matrix(builder.gep(matrix.data, [column]), width, INDEX(1))
            return [builder.bitcast(rows.row(builder, i), vector) for i in range(count)]

        align = source.dtype.bitwidth // 8
        rows = [builder.load(line, align=align) for line in lines(0, args[1])]
        for values, line in zip(transposed(builder, rows), lines(2, args[3]), strict=True):
            builder.store(values, line, align=align)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), codegen
