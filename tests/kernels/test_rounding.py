import numpy as np
import pytest
from reference import nearest_bfloat16

from charrnn.kernels.jit import jit
from charrnn.kernels.rounding import LANES, round_pairs, round_row, round_transposed

PADDED = 5 * LANES


@jit
def run_row(row, to):
    round_row(row, to)


@jit
def run_pairs(low, high, there, to, step):
    round_pairs(low, high, there, to, step)


@jit
def run_transposed(rows, n, last, step, to):
    round_transposed(rows, n, last, step, to)


def halves(pairs):
    """The numbers in pairs of bfloat16: (..., steps) int32 -> (..., steps, 2)."""
    bits = pairs.view(np.uint16).astype(np.uint32).reshape(*pairs.shape, 2)
    return (bits << 16).view(np.float32)


@pytest.mark.parametrize("length", [1, 2, LANES, 2 * LANES - 1, 2 * LANES, 2 * LANES + 1, 4 * LANES])
def test_a_row_is_rounded_to_pairs_and_zeros_up_to_a_register(random, length):
    row, to = random.normal(size=length + 1).astype("f"), np.full(PADDED, -1, np.int32)
    run_row(row[:length], to)
    end = -(-length // (2 * LANES)) * LANES
    got = halves(to[:end]).ravel()
    assert np.array_equal(got[:length], nearest_bfloat16(row[:length].copy()))
    assert not got[length:].any()
    assert (to[end:] == -1).all()


def test_ties_go_to_even():
    row, to = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 5 * 2**-9, -1 - 2**-8], "f"), np.zeros(PADDED, np.int32)
    run_row(row, to)
    assert halves(to).ravel()[:4].tolist() == [1, 1 + 2**-6, 1 + 2**-7, -1]


@pytest.mark.parametrize("length", [1, LANES - 1, LANES, LANES + 1])
@pytest.mark.parametrize("there", [2, 1, 0, -3])
def test_two_rows_become_one_step_of_each_column(random, length, there):
    rows, to = random.normal(size=(2, length)).astype("f"), np.full((3, 2 * LANES), -1, np.int32)
    run_pairs(*rows, there, to, 1)
    end = -(-length // LANES) * LANES
    wanted = np.zeros((2, end), "f")
    wanted[: max(0, there), :length] = nearest_bfloat16(rows)[: max(0, there)]
    assert np.array_equal(halves(to)[1, :end].T, wanted)
    assert (to[[0, 2]] == -1).all()
    assert (to[1, end:] == -1).all()


@pytest.mark.parametrize("steps", [1, LANES - 1, LANES, LANES + 2])
@pytest.mark.parametrize("last", [1, LANES, LANES + 1])
def test_rows_become_columns(random, steps, last):
    length = 2 * steps - 1
    rows = random.normal(size=(last, length)).astype("f")
    to = np.full((steps, 2 * LANES), -1, np.int32)
    for n in range(0, last, LANES):
        for step in range(0, steps, LANES):
            run_transposed(rows, n, last, step, to)
    end = -(-last // LANES) * LANES
    wanted = np.zeros((end, 2 * steps), "f")
    wanted[:last, :length] = nearest_bfloat16(rows)
    assert np.array_equal(halves(to)[:, :end].transpose(1, 0, 2).reshape(end, -1), wanted)
    assert (to[:, end:] == -1).all()
