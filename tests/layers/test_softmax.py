import numpy as np
import pytest

from charrnn.layers.softmax import Softmax


def make(steps=2, streams=3, classes=4):
    return Softmax.allocate(steps, streams, classes, np.dtype("float64"))


def test_where_nothing_counts_loss_and_gradient_are_zero():
    softmax, targets, weights = make(), np.zeros((2, 3), np.int32), np.zeros((2, 3))
    softmax.weigh(weights, targets)
    softmax.backward(targets, 0, 3)
    assert softmax.mean_loss(weights) == 0
    assert not softmax.logits.any()


@pytest.mark.parametrize("padding", [-1, 4, 10_000_000])
def test_padding_that_is_no_id_is_refused(padding):
    targets = np.array([[0, 1, 2], [3, padding, 0]], np.int32)
    with pytest.raises(ValueError, match="targets must be 0 to 3, padding too"):
        make().weigh(np.array([[1, 1, 1], [1, 0, 1]]), targets)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"targets must be of shape \(2, 3\), not \(2, 1\)"):
        make().weigh(None, np.zeros((2, 1), np.int32))


def test_smoothed_targets_share_a_part_of_their_probability(random):
    softmax, targets = make(steps=1), np.array([[0, 3, 1]], np.int32)
    softmax.weigh(None, targets)
    logits = random.normal(size=(3, 4))
    softmax.logits[0, :, :4] = logits
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    wanted = np.full((3, 4), 0.2 / 4)
    wanted[[0, 1, 2], targets[0]] += 0.8
    softmax.backward(targets, 0, 3, smoothing=0.2)
    assert softmax.mean_loss(None) == pytest.approx(-(wanted * log_probabilities).sum(axis=1).mean())
    assert np.allclose(softmax.logits[0, :, :4], (np.exp(log_probabilities) - wanted) / 3)
