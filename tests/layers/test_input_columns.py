import numpy as np
import pytest

from charrnn.kinds.config import make_config
from charrnn.layers.input_columns import InputColumns, columns_in
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Rows, Summation

T, B, F, M = 4, 3, 5, 6


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_product_and_the_gradient_of_its_weights(random, precision):
    config = make_config(5, precision=precision)
    parameters, gradient = (Parameters(config, {"w": (M, F), "b": (M,)}) for _ in range(2))
    parameters.vector[:] = random.normal(size=parameters.vector.shape)
    layer = InputColumns(parameters, "w", config.packed_dtype)
    layer.pack(0, 1)
    rows = Rows.allocate(T, B, M, config.packed_dtype)
    x, d_y = random.normal(size=(T, B, F)), random.normal(size=(T, B, M))
    numbers, y = columns_in(x, config.dtype), columns_in(np.zeros((T, B, M)), config.dtype)
    layer.forward(numbers, rows.same(parameters.row("b")), y, rows, 0, 2)
    layer.forward(numbers, rows.same(parameters.row("b")), y, rows, 2, B)
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if precision == "float32" else {}
    assert np.allclose(y[:, :, :M], x @ parameters["w"].T + parameters["b"], **tolerance)
    summation = Summation(F, config.dtype, config.packed_dtype, 1)
    summation.make([layer.weight_sum(gradient, numbers, columns_in(d_y, config.dtype), rows, "b")], 0, 1)
    assert np.allclose(gradient["w"], np.einsum("tbm,tbf->mf", d_y, x), **tolerance)
    assert np.allclose(gradient["b"], d_y.sum(axis=(0, 1)), **tolerance)
