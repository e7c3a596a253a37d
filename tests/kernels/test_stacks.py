import numpy as np
import pytest

from charrnn.kernels.jit import jit
from charrnn.kernels.matmul import Packed
from charrnn.kernels.stacks import parts_of


@jit
def first_numbers(stacks, layer, out):
    parts = parts_of(stacks, layer)
    for i in range(len(parts)):
        out[i] = parts[i].panels[0]


@pytest.mark.parametrize("count", [1, 3])
def test_parts_are_those_of_the_layer(count):
    stacks = tuple(
        Packed(np.array([[i, 0.5], [10.0 * i, 0.5]]), 1, 2, np.empty((0, 0, 0))) for i in range(1, 1 + count)
    )
    out = np.zeros(count)
    for layer, factor in enumerate((1, 10)):
        first_numbers(stacks, layer, out)
        assert out.tolist() == [factor * i for i in range(1, 1 + count)]
        assert [part.panels[0] for part in parts_of(stacks, layer)] == out.tolist()
