import numpy as np
import pytest

from charrnn.kernels import activations
from charrnn.kernels.activations import exp, sigmoid, sigmoid_gradient, tanh, tanh_gradient
from charrnn.kernels.jit import jit

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])


@jit
def compute(x, out):
    """tanh, sigmoid, exp of x, and the gradients of tanh and sigmoid whose output is x: (5, N)."""
    for k in range(x.shape[0]):
        out[0, k] = tanh(x[k])
        out[1, k] = sigmoid(x[k])
        out[2, k] = exp(x[k])
        out[3, k] = tanh_gradient(x[k])
        out[4, k] = sigmoid_gradient(x[k])


def compiled(x, dtype):
    x = np.array(x, dtype)
    out = np.empty((5, x.size), dtype)
    compute(x, out)
    return x.astype("float64"), out


GRID = np.concatenate(
    [np.linspace(-12, 12, 1_000_001), np.linspace(-0.01, 0.01, 50_001), np.geomspace(1e-30, 1e30, 5_000)]
)


@pytest.mark.parametrize(("dtype", "tanh_bound", "sigmoid_bound"), [("float32", 4e-7, 3e-7), ("float64", 1e-15, 1e-15)])
def test_tanh_and_sigmoid_keep_their_bounds(dtype, tanh_bound, sigmoid_bound):
    x, out = compiled(GRID, dtype)
    assert np.abs(out[0] - np.tanh(x)).max() < tanh_bound
    assert np.abs(out[1] - (0.5 + 0.5 * np.tanh(x / 2))).max() < sigmoid_bound
    assert np.abs(out[0]).max() <= 1
    assert (out[1] >= 0).all()
    assert (out[1] <= 1).all()


def test_tanh_is_odd_and_nearly_the_identity_at_zero():
    x, out = compiled(np.geomspace(1e-30, 12, 10_001), "float32")
    assert np.array_equal(compiled(-x, "float32")[1][0], -out[0])
    assert np.abs(out[0] / np.tanh(x) - 1).max() < 4e-7


@pytest.mark.parametrize(("dtype", "bound", "slope"), [("float32", 4e-7, 1e-7), ("float64", 1e-15, 1e-16)])
def test_exp_keeps_its_bound(dtype, bound, slope):
    x, out = compiled(np.linspace(-87.3, 0, 1_000_001), dtype)
    assert (np.abs(out[2] / np.exp(x) - 1) < bound - slope * x).all()


def test_exp_falls_to_zero():
    x, out = compiled(np.linspace(-88, -87.3, 10_001), "float32")
    assert np.abs(out[2] - np.exp(x)).max() < 1e-38
    assert not compiled([-88, -100, -1e4, -3e38, -np.inf], "float32")[1][2].any()


@precisions
def test_nan_stays_nan_and_infinities_meet_their_limits(dtype):
    assert np.isnan(compiled([np.nan] * 20, dtype)[1]).all()
    out = compiled([-np.inf, np.inf], dtype)[1]
    np.testing.assert_allclose(out[0], [-1, 1], atol=4e-7)
    np.testing.assert_allclose(out[1], [0, 1], atol=3e-7)
    assert out[2, 0] == 0


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-7), ("float64", 1e-15)])
def test_gradients_follow_from_outputs(dtype, bound):
    y, out = compiled(np.linspace(-1, 1, 1001), dtype)
    np.testing.assert_allclose(out[3], 1 - y**2, atol=bound)
    np.testing.assert_allclose(out[4], y * (1 - y), atol=2 * bound)
    a, step = np.linspace(-3, 3, 101), 1e-5
    for function, gradient in ((tanh, tanh_gradient), (sigmoid, sigmoid_gradient)):
        slope = (function(a + step) - function(a - step)) / (2 * step)
        np.testing.assert_allclose(gradient(function(a)), slope, atol=1e-9)


def test_python_computes_what_kernels_compute():
    x, out = compiled(np.linspace(-5, 0, 101), "float64")
    for row, name in enumerate(("tanh", "sigmoid", "exp", "tanh_gradient", "sigmoid_gradient")):
        np.testing.assert_allclose(getattr(activations, name)(x), out[row], rtol=1e-14, atol=1e-16)
