import numpy as np
import pytest

from charrnn.kernels.jit import jit
from charrnn.kernels.packing import Packed
from charrnn.kernels.stacks import parts_of


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
