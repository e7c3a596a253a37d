"""Factors for tests of products, and what their products must be."""

import numpy as np
import pytest

from charrnn.kernels.operands import PAIRS, cut_of
from charrnn.kernels.packing import pack, packed_zeros, rounding_buffer
from charrnn.kernels.processor import REGISTER_BYTES
from charrnn.kernels.simd import TILE

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])

WIDEST = TILE.vectors * REGISTER_BYTES // 4
"""Columns of the widest float32 panel."""

ROWS = TILE.rows
"""Rows of the tallest tile."""

PAIR_CUT = cut_of(np.zeros(0, PAIRS))

TALL = PAIR_CUT.tile_rows


def normal(random, shape, dtype):
    return random.normal(size=shape).astype(dtype)


def packed(w):
    result = packed_zeros(*w.shape, w.dtype)
    pack(w, result, 0, 1)
    return result


def packed_pairs(w, rows):
    result = packed_zeros(*w.shape, PAIRS)
    pack(w, result, 0, 1)
    return result._replace(rounded=rounding_buffer(len(w), rows, PAIRS))


def assert_product(got, a, b, c):
    """``got`` is c + a b up to the rounding of a sum; a float64 sum by NumPy is the truth."""
    a, b, c = a.astype("float64"), b.astype("float64"), c.astype("float64")
    bound = (a.shape[-1] + 2) * np.finfo(got.dtype).eps * (np.abs(a) @ np.abs(b) + np.abs(c))
    assert (np.abs(got - (a @ b + c)) <= bound).all()
