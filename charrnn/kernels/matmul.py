"""Products with packed matrices.

Rows are cut into tiles of nearly equal height. The sums over k run in the same order for every row and column, so
results do not depend on how the rows are shared among threads.
"""

from numba import from_dtype

from charrnn.kernels import team
from charrnn.kernels.intrinsics import copy_row
from charrnn.kernels.jit import addressable, inlined
from charrnn.kernels.matrix import configure, copy_start, multiplies, release
from charrnn.kernels.operands import cut_of, left_operand, share_of_blocks, steps_of
from charrnn.kernels.packing import Packed, panel_count
from charrnn.kernels.processor import REGISTER_BYTES
from charrnn.kernels.simd import TILE, tile


def adds_start_last(b: Packed) -> bool:
    """Whether ``matmul`` adds the bias after the whole sum over k.

    Then a product computed with a zero bias, to which the bias is added later, is the same to the last bit.
    """
    return not multiplies(from_dtype(b.panels.dtype)) and steps_of(b.depth, b.panels) <= cut_of(b.panels).depth


@inlined
def panels_at_once(vectors, count, first, end, is_reversed, most):
    """Number of panels that the next tile takes: several full ones, in groups of nearly equal size, or a single one.

    Args:
        vectors: number of vectors in all panels.
        count: number of panels.
        first: the first remaining panel.
        end: one beyond the last remaining panel.
        is_reversed: whether panels are taken from the end.
        most: largest number of panels for a tile, at least 1.
    """
    left = end - first
    taken = -(-left // -(-left // most))
    while taken > 1:
        panel = end - taken if is_reversed else first
        if (
            share_of_blocks(vectors, count, panel + taken) - share_of_blocks(vectors, count, panel)
            == taken * TILE.vectors
        ):
            break
        taken -= 1
    return taken


@addressable
def matmul(a, b, bias_rows, row_index, c, first_row, last_row):
    """``c[t, r, :N] = bias_rows[row_index[t, r], :N] + a[t, r, :K] @ B`` for every t and ``first_row <= r < last_row``.

    Args:
        a: (T, R, at least K), contiguous.
        b: Packed, K x N. If it holds a precomputed product, only the bias is added.
        bias_rows: (V, at least N), contiguous; may share the memory of C.
        row_index: (T, R) int32 below V, contiguous.
        c: (T, R, at least N), contiguous. Columns beyond N keep what they hold.
        first_row: the first row.
        last_row: one beyond the last row.
    """
    if b.precomputed.size:
        add_starts(b.precomputed, b.columns, bias_rows, row_index, c, first_row, last_row)
        return
    width = REGISTER_BYTES // c.itemsize
    count = panel_count(b.columns, width)
    first, last, alone = team.share_of(b.team, count)
    ranges = ((first, last), (0, first), (last, count))  # the others' panels only if their results do not arrive
    for i in range(len(ranges)):
        product(a, b, bias_rows, row_index, c, first_row, last_row, ranges[i])
        if alone or (i == 0 and hand_over(b, c, first_row, last_row, ranges[i])):
            return


@inlined
def add_starts(precomputed, columns, bias_rows, row_index, c, first_row, last_row):
    """Do what ``matmul`` does, with precomputed products: add the biases."""
    for t in range(c.shape[0]):
        for r in range(first_row, last_row):
            row, product = c[t, r], precomputed[t, r]
            copy_row(bias_rows[row_index[t, r]], row, columns)
            for n in range(columns):
                row[n] += product[n]


@inlined
def hand_over(b, c, first_row, last_row, panels):
    """Give the team the columns of these panels, and take the other columns from it.

    Returns False if the other columns do not arrive.
    """
    width = REGISTER_BYTES // c.itemsize
    vectors = -(-b.columns // width)
    count = panel_count(b.columns, width)
    first, last = share_of_blocks(vectors, count, panels[0]) * width, share_of_blocks(vectors, count, panels[1]) * width
    first, last = min(b.columns, first), min(b.columns, last)
    return team.complete(b.team, c, first_row, last_row, first, last, b.columns)


@inlined
def product(a, b, bias_rows, row_index, c, first_row, last_row, panels):
    """Do what ``matmul`` does, for the range ``panels`` of B's panels.

    While a block of a panel is multiplied, the next one is prefetched into the cache.
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
                taken = panels_at_once(vectors, count, first, end, b.is_reversed, most) if most > 1 else 1
                panel = end - taken if b.is_reversed else first
                first, end = (first, panel) if b.is_reversed else (panel + taken, end)
                v0 = share_of_blocks(vectors, count, panel)
                v1 = share_of_blocks(vectors, count, panel + taken)
                size = (v1 - v0) * width
                tail = min(width, b.columns - (v1 - 1) * width)
                b_place = (v0 * width * depth + k0 * (size // taken), size // taken * depth)
                rest, k_ahead = ((first, end), k0) if first < end else (panels, (k0 + length) % depth)
                following = rest[1] - 1 if b.is_reversed else rest[0]
                v2 = share_of_blocks(vectors, count, following)
                ahead = v2 * width * depth + k_ahead * (share_of_blocks(vectors, count, following + 1) - v2) * width
                if k0 == 0:
                    shape = (rows, v1 - v0, tail)
                    copy_starts(b.panels, shape, bias_rows, row_index, c, t0, t1, first_row, v0 * width)
                prefetch = length * size // (tiles * (t1 - t0))
                each = prefetch // length + 1
                for t in range(t0, t1):
                    r0 = first_row
                    for i in range(tiles):
                        r1 = r0 + low + (i < higher)
                        a_place = (((t - t0) * left.shape[1] + r0) * left.shape[2] + k0, left.shape[2], 1)
                        start_place = (int(k0 == 0), t * height + r0, v0 * width, bias_rows.shape[1])
                        c_place = ((t * height + r0) * c_stride + v0 * width, c_stride)
                        tile(
                            (r1 - r0, v1 - v0, tail, highest), left, a_place, b.panels, b_place, length,
                            b.panels, (ahead, each), bias_rows, row_index, start_place, c, c_place,
                        )  # fmt: skip
                        ahead += prefetch
                        r0 = r1
    release(b.panels)


@inlined
def copy_starts(panels, shape, bias_rows, row_index, c, t0, t1, first_row, column):
    """Copy the biases of some columns to C, as matrix tiles can only add to C.

    Args:
        panels: the panels of B.
        shape: (rows, vectors, tail) in each step.
        bias_rows: as in ``matmul``.
        row_index: as in ``matmul``.
        c: as in ``matmul``.
        t0: the first step.
        t1: one beyond the last step.
        first_row: the first row in each step.
        column: the first column.
    """
    for t in range(t0, t1):
        row = t * c.shape[1] + first_row
        start_place, c_place = (row, column, bias_rows.shape[1]), (row * c.shape[2] + column, c.shape[2])
        copy_start(panels, shape, bias_rows, row_index, start_place, c, c_place)
