import numpy as np
import pytest

from charrnn.layers.conditioning import Conditioning
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, Rows, Summation
from charrnn.models.language.config import LanguageConfig

T, B, C, G = 4, 5, 3, 7


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_each_row_gets_that_of_its_class_and_gives_its_gradient_back(random, precision):
    config = LanguageConfig(4, precision=precision)
    parameters, gradient = (Parameters(config, {"r": (C, G)}) for _ in range(2))
    parameters["r"][:] = random.normal(size=(C, G))
    rows = Rows.allocate(T, B, G, config.packed_dtype)
    table, x = random.normal(size=(6, 16)).astype(config.dtype), random.integers(6, size=(T, B), dtype=np.int32)
    classes = np.broadcast_to(random.integers(C - 1, size=B, dtype=np.int32), (T, B)).copy()
    gates = np.zeros((T, B, 16), config.dtype)
    layer = Conditioning(parameters, "r")
    for part in ((0, 2), (2, B)):
        start = layer.forward(Bias(table, x), classes, gates, rows, *part)
    got = start.rows[start.row_index]
    assert np.array_equal(got[..., :G], table[x][..., :G] + parameters["r"][classes])
    assert not got[..., G:].any()

    d_gates = random.normal(size=(T, B, 16)).astype(config.dtype)
    Summation(0, config.dtype, config.packed_dtype, 1).make(layer.weight_sums(gradient, d_gates, classes), 0, 1)
    wanted = [d_gates[classes == c][:, :G].sum(axis=0) for c in range(C)]
    np.testing.assert_allclose(gradient["r"], wanted, rtol=1e-4, atol=1e-5)
