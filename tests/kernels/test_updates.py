import numpy as np
import pytest

from charrnn.kernels.updates import BLOCK, block_squares, clipped

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])


@precisions
@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_block_squares(random, size, dtype):
    vector = random.normal(size=size).astype(dtype)
    blocks = -(-size // BLOCK)
    sums = np.full(blocks, -1.0)
    block_squares(vector, sums, 0, blocks)
    wanted = [(vector[k : k + BLOCK].astype("float64") ** 2).sum() for k in range(0, size, BLOCK)]
    np.testing.assert_allclose(sums, wanted, rtol=1e-12)
    one_by_one = np.full(blocks, -1.0)
    for block in reversed(range(blocks)):
        block_squares(vector, one_by_one, block, block + 1)
        assert (one_by_one[:block] == -1).all()
    assert one_by_one.tobytes() == sums.tobytes()


def test_squares_of_float32_do_not_overflow_and_keep_nan():
    vector = np.full(3, 1e30, np.float32)
    sums = np.zeros(1)
    block_squares(vector, sums, 0, 1)
    assert sums[0] == pytest.approx(3e60)
    vector[1] = np.nan
    block_squares(vector, sums, 0, 1)
    assert np.isnan(sums[0])


@precisions
@pytest.mark.parametrize(
    ("x", "scale", "limit", "wanted"),
    [
        (3.0, 0.5, np.inf, 1.5),
        (3.0, 0.5, 1.0, 1.0),
        (-3.0, 0.5, 1.0, -1.0),
        (-3.0, 0.25, 1.0, -0.75),
        (np.inf, 1.0, 2.0, 2.0),
        (-np.inf, 1.0, np.inf, -np.inf),
        (np.nan, 1.0, 2.0, np.nan),
    ],
)
def test_clipped(x, scale, limit, wanted, dtype):
    real = np.dtype(dtype).type
    np.testing.assert_equal(float(clipped(real(x), real(scale), real(limit))), wanted)
