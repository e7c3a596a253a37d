import numpy as np
import pytest

from charrnn.kernels.matmul import (
    DEPTH_BLOCK,
    ROW_BLOCK,
    SUM_BLOCK,
    aligned_scratch,
    matmul,
    matmul_transposed,
    pack,
    pack_transposed,
    packed_zeros,
    panel_count,
    share,
)
from charrnn.kernels.simd import REGISTER_BYTES, TILE_ROWS, TILE_VECTORS

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])

WIDEST = TILE_VECTORS * REGISTER_BYTES // 4
"""Columns of the widest float32 panel."""


def normal(random, shape, dtype):
    return random.normal(size=shape).astype(dtype)


def packed(w):
    result = packed_zeros(*w.shape, w.dtype)
    pack(w, result, 0, 1)
    return result


def assert_product(got, a, b, c):
    """``got`` is c + a b up to the rounding of a sum; a float64 sum by NumPy is the truth."""
    a, b, c = a.astype("float64"), b.astype("float64"), c.astype("float64")
    bound = (a.shape[-1] + 2) * np.finfo(got.dtype).eps * (np.abs(a) @ np.abs(b) + np.abs(c))
    assert (np.abs(got - (a @ b + c)) <= bound).all()


def test_shares_cover_everything_once_and_are_even():
    for count in (0, 1, 5, 64):
        for parts in (1, 2, 3, 7, 70):
            edges = [share(count, parts, part) for part in range(parts + 1)]
            assert (edges[0], edges[-1]) == (0, count)
            assert set(np.diff(edges)) <= {count // parts, -(-count // parts)}


def test_panels_are_no_wider_than_a_tile():
    width = REGISTER_BYTES // 4
    for vectors in range(1, 5 * TILE_VECTORS):
        count = panel_count(vectors * width, width)
        assert (count - 1) * TILE_VECTORS < vectors <= count * TILE_VECTORS
        assert panel_count(vectors * width - width + 1, width) == count


@precisions
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (17, WIDEST), (16, WIDEST + 1), (33, 5 * WIDEST // 2 + 3)])
def test_pack_and_pack_transposed_are_exact_in_any_number_of_parts(random, shape, dtype):
    depth, columns = shape
    w = normal(random, shape, dtype)
    whole = packed(w)
    c = np.zeros((1, depth, columns), dtype)
    matmul(np.eye(depth, dtype=dtype)[np.newaxis], whole, c, 0, depth)
    assert np.array_equal(c[0], w)
    assert np.count_nonzero(whole.panels) == w.size  # what pads the columns is zero
    for parts in (1, 2, 3, 7):
        for function, matrix in ((pack, w), (pack_transposed, np.ascontiguousarray(w.T))):
            result = packed_zeros(depth, columns, dtype)
            for part in range(parts):
                function(matrix, result, part, parts)
            assert np.array_equal(result.panels, whole.panels)


PRODUCTS = [
    (1, 1, 1, 1),
    (1, 5, 3, 7),
    (3, TILE_ROWS + 1, 20, WIDEST),
    (2, 2 * TILE_ROWS - 1, 31, WIDEST + 1),
    (5, ROW_BLOCK // 2 - 8, DEPTH_BLOCK + 1, 65),
    (2, ROW_BLOCK + 1, 40, 2 * WIDEST + 5),
    (1, 3, 2 * DEPTH_BLOCK + 6, 17),
]


@precisions
@pytest.mark.parametrize("gap", [0, 3, 64])
@pytest.mark.parametrize(("T", "R", "K", "N"), PRODUCTS)
def test_matmul_adds_the_product_and_leaves_the_rest_alone(random, T, R, K, N, gap, dtype):
    a, b, c = (
        normal(random, (T, R, K + gap), dtype),
        normal(random, (K, N), dtype),
        normal(random, (T, R, N + gap), dtype),
    )
    a[:, :, K:] = np.nan  # must not be read
    first, last = (1, R - 1) if R > 2 else (0, R)
    before = c.copy()
    matmul(a, packed(b), c, first, last)
    assert_product(c[:, first:last, :N], a[:, first:last, :K], b, before[:, first:last, :N])
    c[:, first:last, :N] = before[:, first:last, :N]
    assert c.tobytes() == before.tobytes()


@precisions
@pytest.mark.parametrize("gap", [0, 64])
@pytest.mark.parametrize(("T", "R", "K", "N"), PRODUCTS)
def test_matmul_gives_the_same_bytes_however_rows_and_steps_are_cut(random, T, R, K, N, gap, dtype):
    a, b, start = (
        normal(random, (T, R, K), dtype),
        packed(normal(random, (K, N), dtype)),
        normal(random, (T, R, N + gap), dtype),
    )
    whole = start.copy()
    matmul(a, b, whole, 0, R)
    for parts in (2, 3, R):
        c = start.copy()
        for part in reversed(range(parts)):
            matmul(a, b, c, share(R, parts, part), share(R, parts, part + 1))
        assert c.tobytes() == whole.tobytes()
    c = start.copy()
    for t in range(T):
        matmul(a[t : t + 1], b, c[t : t + 1], 0, R)
    assert c.tobytes() == whole.tobytes()


@precisions
def test_matmul_of_no_rows_does_nothing(random, dtype):
    c = normal(random, (2, 3, 5), dtype)
    before = c.copy()
    matmul(normal(random, (2, 3, 4), dtype), packed(normal(random, (4, 5), dtype)), c, 2, 2)
    assert np.array_equal(c, before)


@precisions
@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize(
    ("K", "M", "N"),
    [
        (1, 1, 1),
        (5, 7, 3),
        (SUM_BLOCK, TILE_ROWS, WIDEST),
        (SUM_BLOCK + 1, ROW_BLOCK + 1, 65),
        (3 * SUM_BLOCK - 5, 2 * ROW_BLOCK + 9, 2 * WIDEST + 7),
    ],
)
def test_matmul_transposed_adds_the_product_however_rows_are_cut(random, K, M, N, gap, dtype):
    a, b, start = (
        normal(random, (K, M + gap), dtype),
        normal(random, (K, N + gap), dtype),
        normal(random, (M, N), dtype),
    )
    a[:, M:] = b[:, N:] = np.nan  # must not be read
    whole = start.copy()
    matmul_transposed(a, b, whole, 0, M)
    assert_product(whole, a[:, :M].T, b[:, :N], start)
    for parts in (2, 3, M):
        c = start.copy()
        for part in reversed(range(parts)):
            matmul_transposed(a, b, c, share(M, parts, part), share(M, parts, part + 1))
        assert c.tobytes() == whole.tobytes()
    first, last = M // 3, M - M // 4
    a[:, last - 1] = np.nan  # would show in the next row
    c = start.copy()
    matmul_transposed(a, b, c, first, last)
    assert np.isnan(c[last - 1]).all()
    assert np.array_equal(c[first : last - 1], whole[first : last - 1])
    assert np.array_equal(c[:first], start[:first])
    assert np.array_equal(c[last:], start[last:])


@precisions
def test_a_nan_reaches_its_row_and_no_other(random, dtype):
    a, b = normal(random, (1, 2 * TILE_ROWS, 9), dtype), normal(random, (9, 21), dtype)
    a[0, 4, 3] = np.nan
    c = np.zeros((1, 2 * TILE_ROWS, 21 + 64), dtype)
    matmul(a, packed(b), c, 0, 2 * TILE_ROWS)
    assert np.array_equal(np.isnan(c[:, :, :21]).all(-1), np.isnan(a).any(-1))
    assert np.isnan(c).sum() == 21  # not even the padding


@precisions
def test_scratch_is_aligned(dtype):
    like = np.empty((1, 1), dtype)
    for size in (1, 100, 1001):
        scratch = aligned_scratch(size, like)
        assert (scratch.shape, scratch.dtype, scratch.ctypes.data % 64) == ((size,), like.dtype, 0)
