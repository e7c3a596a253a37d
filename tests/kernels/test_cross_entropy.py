import numpy as np
import pytest

from charrnn.kernels.cross_entropy import cross_entropy, token_losses

precisions = pytest.mark.parametrize(("dtype", "bound"), [("float32", 2e-6), ("float64", 1e-13)])


def naive(logits, targets, scale):
    """Losses (T, B) and the gradient of the sum of each times its scale, in float64."""
    logits = logits.astype("float64")
    shifted = logits - logits.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    one_hot = np.eye(logits.shape[-1])[targets]
    scales = np.broadcast_to(scale, targets.shape)[..., np.newaxis]
    return -(log_p * one_hot).sum(-1), scales * (np.exp(log_p) - one_hot)


def run(logits, targets, scale=1.0, classes=None, rows=None):
    """Losses and gradient of the kernel; the logits stay as they are."""
    out, losses = logits.copy(), np.full(targets.shape, -7.0)
    first, last = rows or (0, targets.shape[1])
    scales = np.broadcast_to(np.asarray(scale, logits.dtype), targets.shape).copy()
    cross_entropy(out, targets, classes or logits.shape[-1], scales, losses, first, last)
    return losses, out


@precisions
@pytest.mark.parametrize("scale", [1.0, 1 / 15])
@pytest.mark.parametrize(("T", "B", "V", "gap"), [(1, 1, 1, 0), (3, 5, 2, 0), (4, 6, 65, 15), (2, 3, 517, 3)])
def test_loss_and_gradient(random, T, B, V, gap, scale, dtype, bound):
    logits = random.normal(0, 3, (T, B, V + gap)).astype(dtype)
    logits[:, :, V:] = 1e9  # beyond the classes: must not be read or written
    targets = random.integers(0, V, (T, B)).astype(np.int32)
    first, last = B // 3, B - B // 4
    losses, gradient = run(logits, targets, scale, V, (first, last))
    wanted_losses, wanted_gradient = naive(logits[:, :, :V], targets, scale)
    np.testing.assert_allclose(losses[:, first:last], wanted_losses[:, first:last], rtol=bound, atol=bound)
    np.testing.assert_allclose(gradient[:, first:last, :V], wanted_gradient[:, first:last], rtol=0, atol=bound * scale)
    others = [b for b in range(B) if not first <= b < last]
    assert (losses[:, others] == -7).all()
    assert np.array_equal(gradient[:, others], logits[:, others])
    assert np.array_equal(gradient[:, :, V:], logits[:, :, V:])


@precisions
def test_each_prediction_has_a_scale_of_its_own_and_padding_none(random, dtype, bound):
    logits, targets = random.normal(0, 3, (3, 4, 9)).astype(dtype), random.integers(0, 9, (3, 4)).astype(np.int32)
    scales = random.uniform(0, 1, (3, 4)).astype(dtype)
    scales[1:, 2] = 0
    losses, gradient = run(logits, targets, scales)
    wanted_losses, wanted_gradient = naive(logits, targets, scales)
    np.testing.assert_allclose(losses, wanted_losses, rtol=bound)
    np.testing.assert_allclose(gradient, wanted_gradient, rtol=0, atol=bound)
    assert not gradient[1:, 2].any()


@precisions
@pytest.mark.parametrize("shift", [-1e4, 1e4, 1e30])
def test_huge_logits(shift, dtype, bound):
    logits = np.array([[[0, 2, 1, -3]]], dtype) + np.array(shift, dtype)
    targets = np.array([[2]], np.int32)
    losses, gradient = run(logits, targets)
    wanted_losses, wanted_gradient = naive(logits, targets, 1)
    np.testing.assert_allclose(losses, wanted_losses, rtol=bound)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=bound)


@precisions
def test_logits_far_apart(dtype, bound):
    logits = np.array([[[-1e4, 0, -50, -np.inf]] * 3], dtype)
    losses, gradient = run(logits, np.array([[1, 0, 2]], np.int32))
    np.testing.assert_allclose(losses, [[0, 1e4, 50]], atol=bound)
    wanted = np.array([[0, 0, 0, 0], [-1, 1, 0, 0], [0, 1, -1, 0]])
    np.testing.assert_allclose(gradient[0], wanted, atol=bound)
    assert not gradient[:, :, 3].any()


@precisions
@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf])
@pytest.mark.parametrize("position", [0, 1, 16, 32])
def test_nan_or_infinity_gives_a_nan_loss_in_its_row_alone(random, position, bad, dtype, bound):
    logits = random.normal(size=(2, 2, 33)).astype(dtype)
    logits[1, 0, position] = bad
    losses, gradient = run(logits, np.array([[0, 1], [1, 2]], np.int32))
    assert np.array_equal(np.isnan(losses), [[False, False], [True, False]])
    assert np.isnan(gradient[1, 0]).any()
    assert np.isfinite(np.delete(gradient.reshape(4, 33), 2, 0)).all()


@precisions
@pytest.mark.parametrize(("T", "B", "V", "gap"), [(1, 1, 1, 0), (3, 5, 2, 0), (4, 6, 65, 15), (2, 3, 517, 3)])
def test_surprise_and_rank(random, T, B, V, gap, dtype, bound):
    logits = random.normal(0, 3, (T, B, V + gap)).astype(dtype)
    logits[:, :, V:] = 1e9  # beyond the classes: must not be read
    logits[:, :, 1:V:7] = logits[:, :, :1]  # ties
    targets = random.integers(0, V, (T, B)).astype(np.int32)
    before, losses, ranks = logits.copy(), np.full((T, B), -7.0), np.full((T, B), -7, np.int32)
    first, last = B // 3, B - B // 4
    token_losses(logits, targets, V, losses, ranks, first, last)
    order = np.argsort(-logits[:, :, :V].astype("float64"), axis=-1, kind="stable")
    wanted_ranks = 1 + np.argmax(order == targets[..., np.newaxis], axis=-1)
    wanted_losses, _ = naive(logits[:, :, :V], targets, 1)
    np.testing.assert_allclose(losses[:, first:last], wanted_losses[:, first:last], rtol=bound, atol=bound)
    assert np.array_equal(ranks[:, first:last], wanted_ranks[:, first:last])
    others = [b for b in range(B) if not first <= b < last]
    assert (losses[:, others] == -7).all()
    assert (ranks[:, others] == -7).all()
    assert np.array_equal(logits, before)


@precisions
def test_the_surprise_at_logits_far_apart_and_at_nan(dtype, bound):
    logits = np.array([[[-1e4, 0, -50, -np.inf]] * 3 + [[0, 1, np.nan, 0]]], dtype)
    losses, ranks = np.zeros((1, 4)), np.zeros((1, 4), np.int32)
    token_losses(logits, np.array([[1, 0, 2, 1]], np.int32), 4, losses, ranks, 0, 4)
    np.testing.assert_allclose(losses, [[0, 1e4, 50, np.nan]], atol=bound)
    assert ranks[0, :3].tolist() == [1, 3, 2]
