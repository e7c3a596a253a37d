import numpy as np
import pytest

from charrnn.kernels.intrinsics import (
    as_matrix,
    clamp,
    copy_row,
    from_rank,
    to_rank,
)
from charrnn.kernels.jit import jit


@jit
def clamp_all(x, low, high, out):
    for k in range(x.shape[0]):
        out[k] = clamp(x[k], low, high)


@jit
def fill(array, rows, columns):
    matrix = as_matrix(array[2:], rows, columns)
    for r in range(rows):
        for c in range(columns):
            matrix[r, c] = 10 * r + c


@jit
def copy(source, to, count):
    copy_row(source, to, count)


@jit
def rank_all(x, ranks, back):
    for k in range(x.shape[0]):
        ranks[k] = to_rank(x[k])
        back[k] = from_rank(ranks[k])


@pytest.mark.parametrize("offset", [0, 1, 5])
def test_numbers_are_copied_though_the_rows_may_overlap(offset):
    array = np.arange(9.0)
    copy(array, array[offset:], 4)
    wanted = np.arange(9.0)
    wanted[offset : offset + 4] = range(4)
    assert array.tolist() == wanted.tolist()


def test_a_matrix_lies_in_the_memory_of_its_array():
    array = np.full(10, -1.0)
    fill(array, 2, 3)
    assert array.tolist() == [-1, -1, 0, 1, 2, 10, 11, 12, -1, -1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clamp_keeps_to_the_bounds_and_a_nan_a_nan(dtype):
    x = np.array([-np.inf, -3, -0.5, 0, 2, 7, np.inf, np.nan] * 5, dtype)
    real, out = x.dtype.type, np.empty_like(x)
    clamp_all(x, real(-1), real(2), out)
    np.testing.assert_array_equal(out, [-1, -1, -0.5, 0, 2, 2, 2, np.nan] * 5)


@pytest.mark.parametrize(("dtype", "rank"), [("float32", "int32"), ("float64", "int64")])
def test_ranks_order_as_their_numbers_and_nans_lie_beyond_all(random, dtype, rank):
    some = np.sort(random.normal(0, 100, 50).astype(dtype))
    x = np.concatenate([[-np.nan, -np.inf], some[some < 0], [-0.0, 0.0], some[some > 0], [np.inf, np.nan]]).astype(
        dtype
    )
    ranks, back = np.empty(len(x), rank), np.empty_like(x)
    rank_all(x, ranks, back)
    assert (np.diff(ranks) > 0).all()
    assert back.tobytes() == x.tobytes()
