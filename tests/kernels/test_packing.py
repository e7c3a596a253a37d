import numpy as np
import pytest
from products import WIDEST, normal, packed, precisions

from charrnn.kernels.jit import jit
from charrnn.kernels.matmul import matmul
from charrnn.kernels.operands import PAIRS
from charrnn.kernels.packing import Packed, pack, pack_transposed, packed_zeros, panel_count, parts_of
from charrnn.kernels.processor import REGISTER_BYTES
from charrnn.kernels.simd import TILE


def test_panels_are_no_wider_than_a_tile():
    width = REGISTER_BYTES // 4
    for vectors in range(1, 5 * TILE.vectors):
        count = panel_count(vectors * width, width)
        assert (count - 1) * TILE.vectors < vectors <= count * TILE.vectors
        assert panel_count(vectors * width - width + 1, width) == count


@precisions
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (17, WIDEST), (16, WIDEST + 1), (33, 5 * WIDEST // 2 + 3)])
def test_pack_and_pack_transposed_are_exact_in_any_number_of_parts(random, shape, dtype):
    depth, columns = shape
    w = normal(random, shape, dtype)
    whole = packed(w)
    identity, zeros, c = np.eye(depth, dtype=dtype), np.zeros((1, columns), dtype), np.empty((1, depth, columns), dtype)
    matmul(identity[np.newaxis], whole, zeros, np.zeros((1, depth), "int32"), c, 0, depth)
    assert np.array_equal(c[0], w)
    assert np.count_nonzero(whole.panels) == w.size  # what pads the columns is zero
    for parts in (1, 2, 3, 7):
        for function, matrix in ((pack, w), (pack_transposed, np.ascontiguousarray(w.T))):
            result = packed_zeros(depth, columns, dtype)
            for part in range(parts):
                function(matrix, result, part, parts)
            assert np.array_equal(result.panels, whole.panels)


def test_rounding_to_bfloat16_keeps_what_is_not_finite():
    odd = np.array([[np.nan, np.inf, -np.inf, 3.4e38, 1 + 2**-8, 1 + 3 * 2**-8]], "float32")
    odd.view(np.uint32)[0, 0] = 0x7FFFFFFF  # a NaN that rounding as a number would make -0
    pairs = packed_zeros(1, 6, PAIRS)
    pack(odd, pairs, 0, 1)
    got = (pairs.panels[:6].view(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(got, [np.nan, np.inf, -np.inf, np.inf, 1, 1 + 2**-6])


@jit
def first_numbers(stacks, layer, precomputed, out):
    parts = parts_of(stacks, layer, precomputed)
    for i in range(len(parts)):
        out[i, 0], out[i, 1] = parts[i].panels[0], parts[i].precomputed.size


@pytest.mark.parametrize("count", [1, 3])
def test_parts_are_those_of_the_layer_and_the_first_ones_are_made(count):
    stacks = tuple(
        Packed(np.array([[i, 0.5], [10.0 * i, 0.5]]), 1, 2, *[np.empty((0, 0, 0))] * 2) for i in range(1, 1 + count)
    )
    for layer, factor in enumerate((1, 10)):
        for ready in range(count + 1):
            precomputed = tuple(np.zeros((1, 3 if i < ready else 0, 2)) for i in range(count))
            out = np.zeros((count, 2))
            first_numbers(stacks, layer, precomputed, out)
            assert out.tolist() == [[factor * i, 6 if i <= ready else 0] for i in range(1, 1 + count)]
            parts = parts_of(stacks, layer, precomputed)
            assert [[part.panels[0], part.precomputed.size] for part in parts] == out.tolist()
