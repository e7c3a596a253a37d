import numpy as np
import pytest
from products import PAIR_CUT, ROWS, TALL, WIDEST, assert_product, normal, precisions
from reference import nearest_bfloat16

from charrnn.kernels.matmul_transposed import matmul_transposed, sum_buffers
from charrnn.kernels.operands import NUMBERS, PAIRS, share_of_blocks

SUM_DEPTH, SUM_ROWS = NUMBERS.sum_depth, NUMBERS.sum_rows

SUMS = [
    (1, 1, 1, 1),
    (5, 7, 3, 0),
    (SUM_DEPTH, ROWS, WIDEST, 5),
    (SUM_DEPTH + 1, 5 * ROWS - 1, 65, 66),
    (3 * SUM_DEPTH - 5, SUM_ROWS + 9, 2 * WIDEST + 7, 0),
    (17, 33, 0, 0),
]


@precisions
@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize(("K", "M", "N1", "N2"), SUMS)
def test_matmul_transposed_gives_products_and_sums_however_rows_are_cut(random, K, M, N1, N2, gap, dtype):
    V = 4
    a, ids = normal(random, (K, M + gap), dtype), random.integers(0, V, K).astype("int32")
    bs = tuple(normal(random, (K, N + gap), dtype) for N in (N1, N2))
    a[:, M:] = np.nan  # must not be read
    for b, N in zip(bs, (N1, N2), strict=True):
        b[:, N:] = np.nan
    buffers = sum_buffers(N1 + N2, dtype)

    def run(shares):
        cs, sums = tuple(normal(random, (M, N), dtype) for N in (N1, N2)), normal(random, (V, M), dtype)
        before = [array.copy() for array in (*cs, sums)]
        for first, last in shares:
            matmul_transposed(a, bs, cs, ids, sums, buffers, first, last)
        return before, (*cs, sums)

    whole = run([(0, M)])[1]
    zero = np.zeros((M, V), dtype)
    one_hot = (ids[:, np.newaxis] == np.arange(V)).astype(dtype)
    for got, b in zip(whole[:2], (bs[0][:, :N1], bs[1][:, :N2]), strict=True):
        assert_product(got, a[:, :M].T, b, np.zeros_like(got))
    assert_product(whole[2].T, a[:, :M].T, one_hot, zero)
    for parts in (2, 3, M):
        got = run(
            [(share_of_blocks(M, parts, part), share_of_blocks(M, parts, part + 1)) for part in reversed(range(parts))]
        )[1]
        assert all(np.array_equal(x, y) for x, y in zip(got, whole, strict=True))
    first, last = M // 3, M - M // 4
    a[:, last - 1] = np.nan  # would show in the next row
    before, got = run([(first, last)])
    inside = slice(first, last - 1)
    for x, y, z in zip((*got[:2], got[2].T), (*whole[:2], whole[2].T), (*before[:2], before[2].T), strict=True):
        assert np.array_equal(x[inside], y[inside])
        assert np.array_equal(x[:first], z[:first])
        assert np.array_equal(x[last:], z[last:])


PAIR_SUMS = [
    *SUMS,
    (PAIR_CUT.sum_depth + 3, TALL + 1, 20, 0),
    (2 * PAIR_CUT.sum_depth, PAIR_CUT.sum_rows + TALL // 2 + 1, 49, 16),
]


@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize(("K", "M", "N1", "N2"), PAIR_SUMS)
def test_sums_over_pairs_of_bfloat16_are_products_of_rounded_factors_however_rows_are_cut(random, K, M, N1, N2, gap):
    a, ids = normal(random, (K, M + gap), "float32"), random.integers(0, 4, K).astype("int32")
    bs = tuple(normal(random, (K, N + gap), "float32") for N in (N1, N2))
    a[:, M:] = np.nan  # must not be read

    def run(parts):
        cs, sums = tuple(np.empty((M, N), "float32") for N in (N1, N2)), np.empty((4, M), "float32")
        for part in reversed(range(parts)):
            rows = share_of_blocks(M, parts, part), share_of_blocks(M, parts, part + 1)
            matmul_transposed(a, bs, cs, ids, sums, sum_buffers(N1 + N2, PAIRS), *rows)
        return (*cs, sums)

    *cs, sums = run(1)
    left = nearest_bfloat16(a[:, :M].copy())
    for c, b in zip(cs, bs, strict=True):
        assert_product(c, left.T, nearest_bfloat16(b[:, : c.shape[1]].copy()), np.zeros_like(c))
    one_hot = (ids[:, np.newaxis] == np.arange(4)).astype("float32")
    assert_product(sums.T, a[:, :M].T, one_hot, np.zeros((M, 4)))  # not rounded
    for parts in (2, 3):
        assert all(np.array_equal(x, y) for x, y in zip(run(parts), (*cs, sums), strict=True))
