"""A weighted product of distributions, and its weights."""

import numpy as np
import pytest

from charrnn.models.pooling import PRIOR, learn_weights, mean_loss, pooled, two_fold


def one_hot(classes):
    return classes[:, np.newaxis] == np.arange(4)


@pytest.fixture
def observed(random):
    """Log probabilities (3, 300, 4) of two models that know different things, and of one that knows nothing."""
    wanted = random.integers(0, 4, 300)
    scores = random.normal(0, 1, (3, 300, 4))
    scores[:2, np.arange(300), wanted] += 1.5
    return scores - np.logaddexp.reduce(scores, axis=2, keepdims=True), one_hot(wanted)


def test_a_mixture_is_the_normalised_product(observed):
    logprobs, _ = observed
    weights = np.array([0.7, 0.2, 0.4])
    product = np.exp(0.7 * logprobs[0]) * np.exp(0.2 * logprobs[1]) * np.exp(0.4 * logprobs[2])
    np.testing.assert_allclose(
        np.exp(pooled(weights, logprobs)), product / product.sum(axis=1, keepdims=True), rtol=1e-12
    )


def cost(weights, logprobs, right):
    prior = PRIOR / len(right) / 2 * ((weights - 1 / len(weights)) ** 2).sum()
    return mean_loss(pooled(weights, logprobs), right) + prior


def test_few_rows_give_no_large_weights():
    certain = np.log(np.array([[[0.9, 0.1]] * 20, [[0.8, 0.2]] * 20]))
    right = np.ones((20, 2), np.bool_) & [True, False]
    assert learn_weights(certain, right).max() < 4
    assert mean_loss(two_fold(certain, right), right) < mean_loss(certain[0], right)


def test_several_right_classes_count_together(observed):
    logprobs, _ = observed
    right = np.zeros(logprobs.shape[1:], np.bool_)
    right[:, :2] = True
    p = np.exp(logprobs[0])
    assert mean_loss(logprobs[0], right) == pytest.approx(-np.log(p[:, 0] + p[:, 1]).mean())
    weights = learn_weights(logprobs, right)
    for place in range(3):
        for change in (-1e-2, 1e-2):
            other = weights.copy()
            other[place] = max(0, other[place] + change)
            assert cost(other, logprobs, right) >= cost(weights, logprobs, right)


def test_the_weights_are_the_best_ones(observed):
    logprobs, wanted = observed
    weights = learn_weights(logprobs, wanted)
    least = cost(weights, logprobs, wanted)
    assert least < min(mean_loss(one, wanted) for one in logprobs) - 0.05
    for place in range(3):
        for change in (-1e-2, 1e-2):
            other = weights.copy()
            other[place] = max(0, other[place] + change)
            assert cost(other, logprobs, wanted) >= least


def test_a_model_that_is_mostly_wrong_has_the_weight_0(observed):
    logprobs, wanted = observed
    misleading = logprobs.copy()
    misleading[2][wanted] -= 2
    misleading -= np.logaddexp.reduce(misleading, axis=2, keepdims=True)
    weights = learn_weights(misleading, wanted)
    assert weights[2] == 0
    np.testing.assert_allclose(weights[:2], learn_weights(misleading[:2], wanted), atol=1e-2)  # the prior differs


def test_two_folds_do_not_reward_what_is_learned_by_heart(random):
    noise = random.normal(0, 1, (8, 40, 4))
    logprobs, wanted = noise - np.logaddexp.reduce(noise, axis=2, keepdims=True), one_hot(random.integers(0, 4, 40))
    assert mean_loss(pooled(learn_weights(logprobs, wanted), logprobs), wanted) < mean_loss(
        two_fold(logprobs, wanted), wanted
    )
