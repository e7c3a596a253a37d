"""A weighted product of distributions, and its weights."""

import numpy as np
import pytest

from charrnn.models.pooling import learn_weights, mean_loss, pooled, two_fold


@pytest.fixture
def observed(random):
    """Log probabilities (3, 300, 4) of two models that know different things, and of one that knows nothing."""
    wanted = random.integers(0, 4, 300)
    scores = random.normal(0, 1, (3, 300, 4))
    scores[:2, np.arange(300), wanted] += 1.5
    return scores - np.logaddexp.reduce(scores, axis=2, keepdims=True), wanted


def test_a_mixture_is_the_normalised_product(observed):
    logprobs, _ = observed
    weights = np.array([0.7, 0.2, 0.4])
    product = np.exp(0.7 * logprobs[0]) * np.exp(0.2 * logprobs[1]) * np.exp(0.4 * logprobs[2])
    np.testing.assert_allclose(
        np.exp(pooled(weights, logprobs)), product / product.sum(axis=1, keepdims=True), rtol=1e-12
    )


def test_the_weights_are_the_best_ones(observed):
    logprobs, wanted = observed
    weights = learn_weights(logprobs, wanted)
    least = mean_loss(pooled(weights, logprobs), wanted)
    assert least < min(mean_loss(one, wanted) for one in logprobs) - 0.05
    for place in range(3):
        for change in (-1e-2, 1e-2):
            other = weights.copy()
            other[place] = max(0, other[place] + change)
            assert mean_loss(pooled(other, logprobs), wanted) >= least


def test_a_model_that_is_mostly_wrong_has_the_weight_0(observed):
    logprobs, wanted = observed
    misleading = logprobs.copy()
    misleading[2, np.arange(300), wanted] -= 2
    misleading -= np.logaddexp.reduce(misleading, axis=2, keepdims=True)
    weights = learn_weights(misleading, wanted)
    assert weights[2] == 0
    np.testing.assert_allclose(weights[:2], learn_weights(misleading[:2], wanted), atol=1e-6)


def test_two_folds_do_not_reward_what_is_learned_by_heart(random):
    noise = random.normal(0, 1, (8, 40, 4))
    logprobs, wanted = noise - np.logaddexp.reduce(noise, axis=2, keepdims=True), random.integers(0, 4, 40)
    assert mean_loss(pooled(learn_weights(logprobs, wanted), logprobs), wanted) < mean_loss(
        two_fold(logprobs, wanted), wanted
    )
