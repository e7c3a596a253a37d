import numpy as np
import pytest

from charrnn.kernels.lookup import fill_rows, gather_rows, scatter_add_rows, sum_rows

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])
shapes = pytest.mark.parametrize(("T", "B", "V", "N"), [(1, 1, 1, 1), (3, 5, 4, 7), (9, 6, 11, 65)])


@pytest.fixture
def make(random):
    def make(shape, dtype):
        return random.normal(size=shape).astype(dtype)

    return make


@pytest.fixture
def make_ids(random):
    def make_ids(T, B, V):
        return random.integers(0, V, (T, B)).astype(np.int32)

    return make_ids


@precisions
@shapes
@pytest.mark.parametrize("gap", [0, 3])
def test_gather_rows(make, make_ids, T, B, V, N, gap, dtype):
    table, ids, out = make((V, N), dtype), make_ids(T, B, V), make((T, B, N + gap), dtype)
    first, last = B // 3, B - B // 4
    wanted = out.copy()
    wanted[:, first:last, :N] = table[ids[:, first:last]]
    gather_rows(table, ids, out, first, last)
    assert np.array_equal(out, wanted)


@precisions
@shapes
@pytest.mark.parametrize("gap", [0, 3])
def test_scatter_add_rows(make, make_ids, T, B, V, N, gap, dtype):
    ids, d_out, d_table = make_ids(T, B, V), make((T, B, N + gap), dtype), make((V, N + gap), dtype)
    before = d_table.copy()
    first, last = N // 4, N
    wanted = np.zeros((V, N + gap))
    for t in range(T):
        for b in range(B):
            wanted[ids[t, b]] += d_out[t, b]
    scatter_add_rows(ids, d_out, d_table, first, last)
    np.testing.assert_allclose(d_table[:, first:last], wanted[:, first:last], rtol=1e-5, atol=1e-5)
    assert np.array_equal(d_table[:, :first], before[:, :first])
    assert np.array_equal(d_table[:, last:], before[:, last:])


@precisions
def test_scatter_is_the_transpose_of_gather(make, make_ids, dtype):
    table, ids, d_out = make((6, 9), dtype), make_ids(4, 5, 6), make((4, 5, 9), dtype)
    out, d_table = np.zeros_like(d_out), np.zeros_like(table)
    gather_rows(table, ids, out, 0, 5)
    scatter_add_rows(ids, d_out, d_table, 0, 9)
    assert np.vdot(out, d_out) == pytest.approx(np.vdot(table, d_table), rel=1e-5)


@precisions
@pytest.mark.parametrize("columns", [1, 7, 65])
def test_sums_over_rows_are_the_same_bytes_however_columns_are_shared(make, make_ids, columns, dtype):
    ids, d_out = make_ids(8, 3, 5), make((8, 3, columns), dtype)
    whole, sums = np.ones((5, columns), dtype), np.ones(columns, dtype)
    scatter_add_rows(ids, d_out, whole, 0, columns)
    sum_rows(d_out.reshape(-1, columns), sums, 0, columns)
    table, out = np.ones_like(whole), np.ones_like(sums)
    for first in range(columns):
        scatter_add_rows(ids, d_out, table, first, first + 1)
        sum_rows(d_out.reshape(-1, columns), out, first, first + 1)
    assert table.tobytes() == whole.tobytes()
    assert out.tobytes() == sums.tobytes()


@precisions
@shapes
@pytest.mark.parametrize("gap", [0, 3])
def test_fill_rows(make, T, B, V, N, gap, dtype):
    row, out = make(N, dtype), make((T, B, N + gap), dtype)
    first, last = B // 3, B - B // 4
    wanted = out.copy()
    wanted[:, first:last, :N] = row
    fill_rows(row, out, first, last)
    assert np.array_equal(out, wanted)


@precisions
@pytest.mark.parametrize(("rows", "columns", "gap"), [(1, 1, 0), (13, 7, 0), (200, 65, 3)])
def test_sum_rows(make, rows, columns, gap, dtype):
    matrix, out = make((rows, columns + gap), dtype), make(columns, dtype)
    before = out.copy()
    first, last = columns // 4, columns - columns // 5
    sum_rows(matrix, out, first, last)
    wanted = matrix.astype("float64").sum(0)[first:last]
    np.testing.assert_allclose(out[first:last], wanted, rtol=1e-5, atol=1e-5)
    assert np.array_equal(out[:first], before[:first])
    assert np.array_equal(out[last:], before[last:])
