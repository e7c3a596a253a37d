"""Matrix products on packed panels, built on the vector tile.

A packed matrix is cut into panels of at most TILE_VECTORS vectors of columns, as even as can be, so that a width of
five vectors becomes 2 + 3 and not 4 + 1. A panel holds its columns for k = 0, then for k = 1, and so on: just what the
tile reads, in the order in which it reads it.

Rows are cut into tiles of at most TILE_ROWS, again as even as can be. The sums over k run in the same order for every
row and column, whatever rows a call is given: results do not depend on how rows are shared among threads.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import ALIGNMENT, aligned_zeros
from charrnn.kernels.jit import jit
from charrnn.kernels.simd import REGISTER_BYTES, TILE_ROWS, TILE_VECTORS, tile

Array = npt.NDArray[np.floating]

DEPTH_BLOCK = 512
"""Steps of k after which the next rows take their turn: a panel of so many steps stays in the L2 cache."""

ROW_BLOCK = 96
"""Rows that share a pass over all panels: their A stays in the L2 cache."""

SUM_BLOCK = 128
"""Steps of k that ``matmul_transposed`` packs at a time."""


class Packed(NamedTuple):
    """A matrix B of shape (depth, columns), cut into panels."""

    panels: Array
    """1-D; panel by panel, k by k, column by column; columns beyond the last are zero."""
    depth: int
    """K, the length of the sums."""
    columns: int
    """N."""


def packed_zeros(depth: int, columns: int, dtype: npt.DTypeLike) -> Packed:
    """Room for a packed matrix of ``depth`` rows and ``columns`` columns."""
    width = REGISTER_BYTES // np.dtype(dtype).itemsize
    return Packed(aligned_zeros(-(-columns // width) * width * depth, dtype), depth, columns)


@jit
def share(count, parts, part):
    """Where part ``part`` of ``count`` things begins in ``parts`` parts that differ by at most 1."""
    return count * part // parts


@jit
def panel_count(columns, width):
    """Number of panels that hold ``columns`` columns in vectors of ``width`` elements."""
    vectors = -(-columns // width)
    return -(-vectors // TILE_VECTORS)


@jit
def pack_rows(b, k0, length, columns, panels, part, parts):
    """Pack rows ``k0`` to ``k0 + length`` of ``b`` (K, at least N = ``columns``), or a thread's share of the panels."""
    width = REGISTER_BYTES // b.itemsize
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    for panel in range(share(count, parts, part), share(count, parts, part + 1)):
        first = share(vectors, count, panel) * width
        size = share(vectors, count, panel + 1) * width - first
        used = min(size, columns - first)
        for k in range(length):
            offset = first * length + k * size
            for n in range(used):
                panels[offset + n] = b[k0 + k, first + n]
            for n in range(used, size):  # their products go nowhere, but denormals would be slow
                panels[offset + n] = 0


@jit
def pack(w, packed, part, parts):
    """Pack ``w`` (K, N); thread ``part`` of ``parts`` does its share of the panels."""
    depth, columns = w.shape
    pack_rows(w, 0, depth, columns, packed.panels, part, parts)


@jit
def pack_transposed(w, packed, part, parts):
    """Pack the transpose of ``w`` (N, K); thread ``part`` of ``parts`` does its share of the panels."""
    width = REGISTER_BYTES // w.itemsize
    columns, depth = w.shape
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    for panel in range(share(count, parts, part), share(count, parts, part + 1)):
        first = share(vectors, count, panel) * width
        size = share(vectors, count, panel + 1) * width - first
        used = min(size, columns - first)
        for block in range(0, depth, 16):  # so that the lines written stay in the L1 cache
            for u in range(used):
                for k in range(block, min(depth, block + 16)):
                    packed.panels[first * depth + k * size + u] = w[first + u, k]


@jit
def matmul(a, b, c, first_row, last_row):
    """``c[t, r, :N] += a[t, r, :K] @ B`` for every t and ``first_row <= r < last_row``.

    Args:
        a: (T, R, at least K), contiguous.
        b: Packed, K x N.
        c: (T, R, at least N), contiguous. Columns beyond N keep what they hold.
        first_row: the first row.
        last_row: one beyond the last row.
    """
    width = REGISTER_BYTES // c.itemsize
    steps, height, a_stride = a.shape
    c_stride = c.shape[2]
    rows = last_row - first_row
    if rows <= 0:
        return
    vectors = -(-b.columns // width)
    count = panel_count(b.columns, width)
    tiles = -(-rows // TILE_ROWS)
    group = max(1, ROW_BLOCK // rows)
    for t0 in range(0, steps, group):
        for panel in range(count):
            v0 = share(vectors, count, panel)
            v1 = share(vectors, count, panel + 1)
            tail = min(width, b.columns - (v1 - 1) * width)
            for k0 in range(0, b.depth, DEPTH_BLOCK):
                length = min(DEPTH_BLOCK, b.depth - k0)
                b_offset = v0 * width * b.depth + k0 * (v1 - v0) * width
                for t in range(t0, min(steps, t0 + group)):
                    for i in range(tiles):
                        r0 = first_row + share(rows, tiles, i)
                        r1 = first_row + share(rows, tiles, i + 1)
                        a_place = ((t * height + r0) * a_stride + k0, a_stride, 1)
                        c_place = ((t * height + r0) * c_stride + v0 * width, c_stride)
                        tile((r1 - r0, v1 - v0, tail), a, a_place, b.panels, b_offset, length, c, c_place)


@jit
def aligned_scratch(size, like):
    """An aligned 1-D array of ``size`` elements of the type of ``like``, not initialised."""
    spare = ALIGNMENT // like.itemsize
    raw = np.empty(size + spare, like.dtype)
    start = (-raw.ctypes.data % ALIGNMENT) // like.itemsize
    return raw[start : start + size]


@jit
def matmul_transposed(a, b, c, first_row, last_row):
    """``c[m, n] += sum over k of a[k, m] * b[k, n]`` for every n and ``first_row <= m < last_row``.

    Both factors are packed block by block, because columns of A lie far apart.

    Args:
        a: (K, at least M), contiguous.
        b: (K, at least N), contiguous.
        c: (M, N), contiguous.
        first_row: the first row of c.
        last_row: one beyond the last row of c.
    """
    width = REGISTER_BYTES // c.itemsize
    depth = a.shape[0]
    columns = c.shape[1]
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    b_packed = aligned_scratch(vectors * width * min(depth, SUM_BLOCK), c)
    a_packed = aligned_scratch(ROW_BLOCK * SUM_BLOCK, c)
    for k0 in range(0, depth, SUM_BLOCK):
        length = min(SUM_BLOCK, depth - k0)
        pack_rows(b, k0, length, columns, b_packed, 0, 1)
        for m0 in range(first_row, last_row, ROW_BLOCK):
            rows = min(ROW_BLOCK, last_row - m0)
            tiles = -(-rows // TILE_ROWS)
            for k in range(length):
                for r in range(rows):
                    a_packed[k * ROW_BLOCK + r] = a[k0 + k, m0 + r]
            for panel in range(count):
                v0 = share(vectors, count, panel)
                v1 = share(vectors, count, panel + 1)
                tail = min(width, columns - (v1 - 1) * width)
                for i in range(tiles):
                    r0 = share(rows, tiles, i)
                    shape = (share(rows, tiles, i + 1) - r0, v1 - v0, tail)
                    c_place = ((m0 + r0) * columns + v0 * width, columns)
                    b_offset = v0 * width * length
                    tile(shape, a_packed, (r0, 1, ROW_BLOCK), b_packed, b_offset, length, c, c_place)
