import numpy as np
import pytest
import reference

from charrnn.kinds.config import make_config
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Rows, Summation
from charrnn.layers.projection import Projection

T, B, N, M = 4, 3, 7, 5


@pytest.mark.parametrize("inputs", [1, 3])
@pytest.mark.parametrize(("precision", "bound"), [("float64", 1e-12), ("float32", 1e-5)])
def test_outputs_and_gradients_are_those_of_the_equations(random, inputs, precision, bound):
    config = make_config(2, precision=precision)
    names = [f"w{i}" for i in range(inputs)]
    parameters, gradient = (Parameters(config, {**dict.fromkeys(names, (M, N)), "b": (M,)}) for _ in range(2))
    for tensor in parameters.tensors.values():
        tensor[:] = random.normal(size=tensor.shape)
    layer = Projection(parameters, names, "b", config.packed_dtype, training=True)
    layer.pack(0, 1)
    rows = Rows.allocate(T, B, max(M, N), config.packed_dtype)
    xs = [random.normal(size=(T, B, N)).astype(precision) for _ in names]
    y, d_y = np.zeros((T, B, M), precision), random.normal(size=(T, B, M)).astype(precision)
    d_xs = [np.full((T, B, N), 9, precision) for _ in names]
    for first, last in ((0, 1), (1, B)):
        layer.forward(xs, y, rows, first, last)
        layer.backward(d_y, d_xs, rows, first, last)
    summation = Summation(N, config.dtype, config.packed_dtype, 2)
    for part in range(2):
        summation.make(layer.weight_sums(gradient, xs, d_y, rows), part, 2)
    wanted = parameters["b"] + sum(x @ parameters[name].T for x, name in zip(xs, names, strict=True))
    assert reference.relative_error(y, wanted) < bound
    for name, x, d_x in zip(names, xs, d_xs, strict=True):
        assert reference.relative_error(d_x, d_y @ parameters[name]) < bound
        assert reference.relative_error(gradient[name], np.einsum("tbm,tbn->mn", d_y, x)) < bound
    assert reference.relative_error(gradient["b"], d_y.sum((0, 1))) < bound
