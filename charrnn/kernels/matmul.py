"""Matrix products on packed panels, built on the vector tile.

A packed matrix is cut into panels as wide as a tile at most, as even as can be, so that a width of four vectors becomes
2 + 2 and not 3 + 1. A panel holds its columns for k = 0, then for k = 1, and so on: just what the tile reads, in the
order in which it reads it.

Rows are cut into tiles, again as even as can be. The sums over k run in the same order for every row and column,
whatever rows a call is given: results do not depend on how rows are shared among threads.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import from_dtype

from charrnn.kernels import team
from charrnn.kernels.arrays import aligned_zeros, spread_stride
from charrnn.kernels.intrinsics import as_matrix, copy_numbers
from charrnn.kernels.jit import addressable, inlined, jit
from charrnn.kernels.matrix import configure, copy_start, multiplies, release
from charrnn.kernels.operands import (
    PAIR_STEPS,
    PAIRS,
    cut_and_sum,
    cut_of,
    cut_shape,
    left_operand,
    place_of,
    share,
    steps_of,
    tile_row,
    write_panel,
    write_panel_transposed,
)
from charrnn.kernels.processor import REGISTER_BYTES
from charrnn.kernels.simd import TILE, tile

Array = npt.NDArray[Any]


class Packed(NamedTuple):
    """A matrix B of shape (depth, columns), cut into panels."""

    panels: Array
    """1-D; panel by panel, k by k, column by column; columns beyond the last are zero."""
    depth: int
    """K, the length of the sums."""
    columns: int
    """N."""
    rounded: Array
    """(T, R, steps of K) where to round left operands, if the panels hold pairs of bfloat16; else empty."""
    made: Array
    """(T, R, at least N): products that have been made ahead, which ``matmul`` need not make again; else empty."""
    team: int = 0
    """A member of a ``charrnn.kernels.team.Team``, whose threads make ``matmul`` together; 0 without one."""
    turned: bool = False
    """Whether panels are read from the last to the first: what was read last before is still in the cache then."""


def packed_zeros(depth: int, columns: int, dtype: npt.DTypeLike) -> Packed:
    """Room for a packed matrix of ``depth`` rows and ``columns`` columns; ``dtype`` is that of the panels."""
    width = REGISTER_BYTES // np.dtype(dtype).itemsize
    rounded = aligned_zeros((0, 0, 0), dtype)
    made = aligned_zeros((0, 0, 0), np.float32 if dtype == PAIRS else dtype)
    panels = aligned_zeros(-(-columns // width) * width * steps_of(depth, rounded), dtype)
    return Packed(panels, depth, columns, rounded, made)


def adds_start_last(b: Packed) -> bool:
    """Whether ``matmul`` adds what a sum starts from after all of its products.

    Then a product that was made from zeros, to which that is added, is the same to the last bit.
    """
    return not multiplies(from_dtype(b.panels.dtype)) and steps_of(b.depth, b.panels) <= cut_of(b.panels).depth


def room_to_round(depth: int, rows: int, dtype: npt.DTypeLike) -> Array:
    """Where products of at most ``depth`` round left operands of ``rows`` rows a step; empty if they need not."""
    empty = aligned_zeros((0, 0, 0), dtype)
    if dtype != PAIRS:
        return empty
    cut = cut_of(empty)
    length = spread_stride(steps_of(depth, empty), empty.itemsize)
    return aligned_zeros((max(1, cut.rows // rows), rows, length), PAIRS)


@inlined
def panel_count(columns, width):
    """Number of panels, each of at most as many vectors of ``width`` elements as a tile, that hold the columns."""
    vectors = -(-columns // width)
    return -(-vectors // TILE.vectors)


@inlined
def panels_at_once(vectors, count, first, end, turned, most):
    """How many panels, at most ``most``, to take at once: full ones, or just one; as even as can be.

    Args:
        vectors: in all panels.
        count: how many panels there are.
        first: the first one that is left to take.
        end: one beyond the last one that is left.
        turned: whether the last ones come first.
        most: at least 1.
    """
    left = end - first
    taken = -(-left // -(-left // most))
    while taken > 1:
        panel = end - taken if turned else first
        if share(vectors, count, panel + taken) - share(vectors, count, panel) == taken * TILE.vectors:
            break
        taken -= 1
    return taken


@inlined
def pack_rows(rows, columns, panels, part, parts):
    """Pack ``rows`` (K, at least N = ``columns``), or a thread's share of the panels."""
    width = REGISTER_BYTES // panels.itemsize
    steps = steps_of(rows.shape[0], panels)
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    for panel in range(share(count, parts, part), share(count, parts, part + 1)):
        first = share(vectors, count, panel) * width
        size = share(vectors, count, panel + 1) * width - first
        used = min(size, columns - first)
        to = as_matrix(panels[first * steps :], steps, size)
        write_panel(rows, first, used, to)
        to[:, used:] = 0  # their products go nowhere, but denormals would be slow


@jit
def pack(w, packed, part, parts):
    """Pack ``w`` (K, N); thread ``part`` of ``parts`` does its share of the panels."""
    pack_rows(w, w.shape[1], packed.panels, part, parts)


@jit
def pack_transposed(w, packed, part, parts):
    """Pack the transpose of ``w`` (N, K); thread ``part`` of ``parts`` does its share of the panels."""
    panels = packed.panels
    width = REGISTER_BYTES // panels.itemsize
    columns, depth = w.shape
    steps = steps_of(depth, panels)
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    for panel in range(share(count, parts, part), share(count, parts, part + 1)):
        first = share(vectors, count, panel) * width
        size = share(vectors, count, panel + 1) * width - first
        to = as_matrix(panels[first * steps :], steps, size)
        write_panel_transposed(w, first, min(size, columns - first), to)


@addressable
def matmul(a, b, start, ids, c, first_row, last_row):
    """``c[t, r, :N] = start[ids[t, r], :N] + a[t, r, :K] @ B`` for every t and ``first_row <= r < last_row``.

    Args:
        a: (T, R, at least K), contiguous.
        b: Packed, K x N. Where it holds the product already, that is added and nothing multiplied.
        start: (V, at least N), contiguous; may be the memory of C.
        ids: (T, R) int32 below V, contiguous.
        c: (T, R, at least N), contiguous. Columns beyond N keep what they hold.
        first_row: the first row.
        last_row: one beyond the last row.
    """
    if b.made.size:
        add_starts(b.made, b.columns, start, ids, c, first_row, last_row)
        return
    width = REGISTER_BYTES // c.itemsize
    count = panel_count(b.columns, width)
    first, last, alone = team.share_of(b.team, count)
    ranges = ((first, last), (0, first), (last, count))  # our own panels, and those of the others if they do not come
    for i in range(len(ranges)):
        product(a, b, start, ids, start.shape[1], c, first_row, last_row, ranges[i])
        if alone or (i == 0 and hand_over(b, c, first_row, last_row, ranges[i])):
            return


@inlined
def add_starts(made, columns, start, ids, c, first_row, last_row):
    """``matmul`` whose products have been made."""
    for t in range(c.shape[0]):
        for r in range(first_row, last_row):
            row, product = c[t, r], made[t, r]
            copy_numbers(start[ids[t, r]], row, columns)
            for n in range(columns):
                row[n] += product[n]


@inlined
def hand_over(b, c, first_row, last_row, panels):
    """Give the columns of these panels to the other members of the team, and take theirs; False if they do not come."""
    width = REGISTER_BYTES // c.itemsize
    vectors = -(-b.columns // width)
    count = panel_count(b.columns, width)
    first, last = share(vectors, count, panels[0]) * width, share(vectors, count, panels[1]) * width
    first, last = min(b.columns, first), min(b.columns, last)
    return team.complete(b.team, c, first_row, last_row, first, last, b.columns)


@inlined
def matmul_add(a, b, c, first_row, last_row):
    """``c[t, r, :N] += a[t, r, :K] @ B``; arguments as in ``matmul``."""
    product(a, b, None, None, 0, c, first_row, last_row, (0, panel_count(b.columns, REGISTER_BYTES // c.itemsize)))


@inlined
def product(a, b, start, ids, start_stride, c, first_row, last_row, panels):
    """``matmul``, or without ``start`` and ``ids``, ``matmul_add``; of B's panels from one to one beyond another.

    While a block of a panel is multiplied, the next one is fetched into the cache: it may lie far away.
    """
    width = REGISTER_BYTES // c.itemsize
    steps, height, c_stride = c.shape
    rows = last_row - first_row
    if rows <= 0:
        return
    depth = steps_of(b.depth, b.panels)
    vectors = -(-b.columns // width)
    count = panel_count(b.columns, width)
    cut = cut_of(b.panels)
    tiles = -(-rows // cut.tile_rows)
    low, higher = rows // tiles, rows % tiles
    most = cut.row_panels // rows
    group = max(1, cut.rows // rows)
    highest = low + (higher > 0)
    configure(b.panels, highest)
    if b.rounded.shape[0]:
        group = min(group, b.rounded.shape[0])
    for t0 in range(0, steps, group):
        t1 = min(steps, t0 + group)
        left = left_operand(a[t0:t1], b.depth, b.rounded, first_row, last_row)
        for k0 in range(0, depth, cut.depth):
            length = min(cut.depth, depth - k0)
            first, end = panels
            while first < end:
                taken = panels_at_once(vectors, count, first, end, b.turned, most) if most > 1 else 1
                panel = end - taken if b.turned else first
                first, end = (first, panel) if b.turned else (panel + taken, end)
                v0 = share(vectors, count, panel)
                v1 = share(vectors, count, panel + taken)
                size = (v1 - v0) * width
                tail = min(width, b.columns - (v1 - 1) * width)
                b_place = (v0 * width * depth + k0 * (size // taken), size // taken * depth)
                rest, k_ahead = ((first, end), k0) if first < end else (panels, (k0 + length) % depth)
                following = rest[1] - 1 if b.turned else rest[0]
                v2 = share(vectors, count, following)
                ahead = v2 * width * depth + k_ahead * (share(vectors, count, following + 1) - v2) * width
                if k0 == 0:
                    shape = (rows, v1 - v0, tail)
                    copy_starts(b.panels, shape, start, ids, start_stride, c, t0, t1, first_row, v0 * width)
                fetch = length * size // (tiles * (t1 - t0))
                each = fetch // length + 1
                for t in range(t0, t1):
                    r0 = first_row
                    for i in range(tiles):
                        r1 = r0 + low + (i < higher)
                        a_place = (((t - t0) * left.shape[1] + r0) * left.shape[2] + k0, left.shape[2], 1)
                        start_place = (int(k0 == 0), t * height + r0, v0 * width, start_stride)
                        c_place = ((t * height + r0) * c_stride + v0 * width, c_stride)
                        tile(
                            (r1 - r0, v1 - v0, tail, highest), left, a_place, b.panels, b_place, length,
                            b.panels, (ahead, each), start, ids, start_place, c, c_place,
                        )  # fmt: skip
                        ahead += fetch
                        r0 = r1
    release(b.panels)


@inlined
def copy_starts(panels, shape, start, ids, start_stride, c, t0, t1, first_row, column):
    """Copy what the sums of some columns start from to C, for tiles that can do no more than add to it.

    Args:
        panels: of B.
        shape: (rows, vectors, tail) of each step.
        start: as in ``product``, like the next three.
        ids: see there.
        start_stride: see there.
        c: see there.
        t0: the first step.
        t1: one beyond the last step.
        first_row: of each step.
        column: the first one.
    """
    for t in range(t0, t1):
        row = t * c.shape[1] + first_row
        start_place, c_place = (row, column, start_stride), (row * c.shape[2] + column, c.shape[2])
        copy_start(panels, shape, start, ids, start_place, c, c_place)


class Scratch(NamedTuple):
    """Where ``matmul_transposed`` packs its blocks, as numbers or as pairs of bfloat16; each thread needs its own."""

    a: Array
    """For each block of k, of the shape that ``operands.cut_shape`` gives: columns of A, tile by tile."""
    line: Array
    """(PAIR_STEPS, columns of A): where pairs are rounded; empty for numbers."""
    b: Array
    """For each block of k, the panels of both B."""


def scratch(columns: int, dtype: npt.DTypeLike) -> Scratch:
    """Room for products of at most ``columns`` columns, those of both products together."""
    dtype = np.dtype(dtype)
    width = REGISTER_BYTES // dtype.itemsize
    b_columns = (-(-columns // width) + 1) * width
    empty = aligned_zeros(0, dtype)
    cut = cut_of(empty)
    steps = steps_of(cut.sum_depth, empty)
    a = aligned_zeros((cut.sum_blocks, *cut_shape(cut.sum_rows, steps, dtype)), dtype)
    line = aligned_zeros((PAIR_STEPS if dtype == PAIRS else 0, cut.sum_rows), dtype)
    return Scratch(a, line, aligned_zeros((cut.sum_blocks, b_columns * steps), dtype))


@jit
def matmul_transposed(a, bs, cs, ids, sums, scratch, first_row, last_row):
    """Products of A's transpose with two matrices, and the sums of A's rows by id, in one pass over A.

        cs[i][m, n] = sum over k of a[k, m] * bs[i][k, n]        sums[v, m] = sum of a[k, m] over all k with ids[k] = v

    for every n and v and ``first_row <= m < last_row``. Both factors are packed block by block, because columns of A
    lie far apart.

    Args:
        a: (K, at least M), contiguous.
        bs: two of (K, at least N), contiguous.
        cs: two of (M, N), contiguous, written; N may be 0.
        ids: (K,) integers below V.
        sums: (V, at least M), written.
        scratch: Scratch for the columns of both products.
        first_row: the first row of the products.
        last_row: one beyond the last row.
    """
    sums[:, first_row:last_row] = 0
    for c in cs:
        c[first_row:last_row] = 0
    width = REGISTER_BYTES // a.itemsize
    cut = cut_of(scratch.b)
    places = (0, -(-cs[0].shape[1] // width) * width * steps_of(cut.sum_depth, scratch.b))
    for k0 in range(0, a.shape[0], cut.sum_blocks * cut.sum_depth):
        length = min(a.shape[0] - k0, cut.sum_blocks * cut.sum_depth)
        blocks = -(-length // cut.sum_depth)
        for i in range(2):
            for block in range(blocks):
                rows = block_of(bs[i][k0 : k0 + length], block, cut.sum_depth)
                pack_rows(rows, cs[i].shape[1], scratch.b[block, places[i] :], 0, 1)
        for m0 in range(first_row, last_row, cut.sum_rows):
            m1 = min(last_row, m0 + cut.sum_rows)
            for block in range(blocks):
                rows = block_of(a[k0 : k0 + length], block, cut.sum_depth)
                own_ids = block_of(ids[k0 : k0 + length], block, cut.sum_depth)
                cut_and_sum(rows, m0, m1, scratch.a[block], scratch.line, own_ids, sums)
            for i in range(2):
                add_product(scratch, places[i], length, cs[i], m0, m1)


@inlined
def block_of(rows, block, depth):
    """A block of ``depth`` rows, or of what is left for the last one."""
    return rows[block * depth : min(rows.shape[0], (block + 1) * depth)]


@inlined
def add_product(scratch, b_place, length, c, m0, m1):
    """Add the product of packed blocks to rows ``m0`` to ``m1`` of C, which stay in the cache from block to block.

    Args:
        scratch: the blocks.
        b_place: where the panels of B begin in a block.
        length: of the sum over k in all blocks.
        c: C.
        m0: the first row.
        m1: one beyond the last row.
    """
    width = REGISTER_BYTES // c.itemsize
    columns = c.shape[1]
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    cut = cut_of(scratch.b)
    rows = m1 - m0
    tiles = -(-rows // cut.tile_rows)
    highest = -(-rows // tiles)
    configure(scratch.b, highest)
    for panel in range(count):
        v0 = share(vectors, count, panel)
        v1 = share(vectors, count, panel + 1)
        tail = min(width, columns - (v1 - 1) * width)
        for block in range(-(-length // cut.sum_depth)):
            steps = steps_of(min(cut.sum_depth, length - block * cut.sum_depth), scratch.b)
            left, right = scratch.a[block], scratch.b[block, b_place:]
            for i in range(tiles):
                r0, r1 = tile_row(left, rows, tiles, i), tile_row(left, rows, tiles, i + 1)
                shape = (r1 - r0, v1 - v0, tail, highest)
                c_place = ((m0 + r0) * columns + v0 * width, columns)
                tile(
                    shape, left, place_of(left, r0), right, (v0 * width * steps, 0), steps, None, (0, 0),
                    None, None, (0, 0, 0, 0), c, c_place,
                )  # fmt: skip
    release(scratch.b)
