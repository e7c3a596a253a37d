"""Packing: a matrix B cut into panels, so that a product reads memory in order.

A panel is at most as wide as a tile. All have nearly the same width: four vectors become 2 + 2, not 3 + 1. A panel
holds its columns for k = 0, then for k = 1, and so on, in the order in which the tile reads them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from charrnn.kernels.arrays import Array, aligned_zeros, spread_stride
from charrnn.kernels.intrinsics import as_matrix
from charrnn.kernels.jit import COMPILER_OPTIONS, inlined, jit
from charrnn.kernels.operands import PAIRS, cut_of, share_of_blocks, steps_of, write_panel, write_panel_transposed
from charrnn.kernels.processor import REGISTER_BYTES
from charrnn.kernels.simd import TILE


class Packed(NamedTuple):
    """A matrix B of shape (depth, columns), cut into panels."""

    panels: Array
    """1-D: panel by panel, k by k, column by column; padding columns are zero."""
    depth: int
    """K, the length of the sums."""
    columns: int
    """N."""
    rounded: Array
    """(T, R, steps of K) buffer for rounded left operands, if the panels hold pairs of bfloat16; else empty."""
    precomputed: Array
    """(T, R, at least N) products computed in advance, which ``matmul`` then uses; else empty."""
    team: int = 0
    """Address of a member of a ``charrnn.kernels.team.Team`` whose threads share each ``matmul``; 0 without a team."""
    is_reversed: bool = False
    """Whether panels are read from the last to the first, to begin with those that are still in the cache."""


def packed_zeros(depth: int, columns: int, dtype: npt.DTypeLike) -> Packed:
    """Allocate a packed matrix of ``depth`` rows and ``columns`` columns, with panels of type ``dtype``."""
    width = REGISTER_BYTES // np.dtype(dtype).itemsize
    rounded = aligned_zeros((0, 0, 0), dtype)
    precomputed = aligned_zeros((0, 0, 0), np.float32 if dtype == PAIRS else dtype)
    panels = aligned_zeros(-(-columns // width) * width * steps_of(depth, rounded), dtype)
    return Packed(panels, depth, columns, rounded, precomputed)


def rounding_buffer(depth: int, rows: int, dtype: npt.DTypeLike) -> Array:
    """Allocate ``Packed.rounded`` for left operands of ``rows`` rows a step and K up to ``depth``."""
    empty = aligned_zeros((0, 0, 0), dtype)
    if dtype != PAIRS:
        return empty
    cut = cut_of(empty)
    length = spread_stride(steps_of(depth, empty), empty.itemsize)
    return aligned_zeros((max(1, cut.rows // rows), rows, length), PAIRS)


@inlined
def panel_count(columns, width):
    """Number of panels for ``columns`` columns, in vectors of ``width`` elements."""
    vectors = -(-columns // width)
    return -(-vectors // TILE.vectors)


@inlined
def pack_rows(rows, columns, panels, part, parts):
    """Pack ``rows`` (K, at least N = ``columns``); thread ``part`` of ``parts`` does its share of the panels."""
    width = REGISTER_BYTES // panels.itemsize
    steps = steps_of(rows.shape[0], panels)
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    for panel in range(share_of_blocks(count, parts, part), share_of_blocks(count, parts, part + 1)):
        first = share_of_blocks(vectors, count, panel) * width
        size = share_of_blocks(vectors, count, panel + 1) * width - first
        used = min(size, columns - first)
        to = as_matrix(panels[first * steps :], steps, size)
        write_panel(rows, first, used, to)
        to[:, used:] = 0  # products with padding are dropped, but denormals would make them slow


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
    for panel in range(share_of_blocks(count, parts, part), share_of_blocks(count, parts, part + 1)):
        first = share_of_blocks(vectors, count, panel) * width
        size = share_of_blocks(vectors, count, panel + 1) * width - first
        to = as_matrix(panels[first * steps :], steps, size)
        write_panel_transposed(w, first, min(size, columns - first), to)


@inlined
def part_of(stacked, layer, precomputed, is_reversed):
    """One layer's matrix of ``stacked``, whose panels are (layers, size); other arguments as in ``Packed``."""
    panels = stacked.panels[layer]
    return Packed(panels, stacked.depth, stacked.columns, stacked.rounded, precomputed, stacked.team, is_reversed)


def parts_of(stacks, layer, precomputed):
    """One layer's matrices, one from each stack. With them, one compiled kernel serves any number of layers."""
    return tuple(part_of.py_func(stack, layer, array, False) for stack, array in zip(stacks, precomputed, strict=True))


@overload(parts_of, jit_options=COMPILER_OPTIONS)
def _parts_of(stacks, layer, precomputed):
    if len(stacks) == 1:
        return lambda stacks, layer, precomputed: (part_of(stacks[0], layer, precomputed[0], False),)
    return lambda stacks, layer, precomputed: (
        part_of(stacks[0], layer, precomputed[0], False),
        *parts_of(stacks[1:], layer, precomputed[1:]),
    )
