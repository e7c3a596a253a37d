import numpy as np
import pytest

from charrnn.layers.hidden import Hidden
from charrnn.layers.squared_error import SquaredError

T, B = 3, 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_and_gradient_count_what_has_weight(random, dtype):
    layer = SquaredError.allocate(T, B, np.dtype(dtype))
    y, targets = random.normal(size=(2, T, B)).astype(dtype)
    weights = random.integers(0, 3, size=(T, B)).astype(np.float32)
    layer.outputs[:, :, 0] = y
    layer.weigh(weights, targets)
    layer.backward(targets, 0, 2)
    layer.backward(targets, 2, B)
    assert layer.mean_loss(weights) == pytest.approx(np.average((y - targets) ** 2, weights=weights), rel=1e-6)
    assert np.allclose(layer.outputs[:, :, 0], 2 * weights / weights.sum() * (y - targets), rtol=1e-5)


def test_without_weights_all_count_alike_and_without_any_the_loss_is_0(random):
    layer = SquaredError.allocate(T, B, np.dtype("float64"))
    targets = random.normal(size=(T, B))
    layer.weigh(None, targets)
    layer.backward(targets, 0, B)
    assert layer.mean_loss(None) == pytest.approx(np.mean(targets**2))
    layer.weigh(np.zeros((T, B)), targets)
    assert layer.mean_loss(np.zeros((T, B))) == 0
    assert not layer.scales.any()


def test_targets_that_do_not_fit_are_refused():
    layer = SquaredError.allocate(T, B, np.dtype("float64"))
    for wrong in (np.zeros((T, B + 1)), np.zeros((T, B), np.float32)):
        with pytest.raises(ValueError, match="use a batch that fits"):
            layer.weigh(None, wrong)


def test_nan_stays_nan():
    layer = SquaredError.allocate(1, 1, np.dtype("float32"))
    layer.outputs[:] = np.nan
    targets = np.zeros((1, 1), np.float32)
    layer.weigh(None, targets)
    layer.backward(targets, 0, 1)
    assert np.isnan(layer.mean_loss(None))


def test_the_hidden_activation_and_its_slope(random):
    layer = Hidden.allocate(T, B, 5, 0.0, np.dtype("float64"))
    a, d = random.normal(size=(2, T, B, 5))
    layer.h[:, :, :5], layer.d_outputs[:, :, :5] = a, d
    layer.forward(0, B, None)
    layer.backward(0, B, None)
    assert np.allclose(layer.outputs[:, :, :5], np.tanh(a))
    assert np.allclose(layer.d_outputs[:, :, :5], d / np.cosh(a) ** 2)
    assert np.array_equal(layer.shortened(2).h, layer.h[:2])
