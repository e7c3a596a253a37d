import numpy as np
import pytest

from charrnn.kernels.beam import extend


def extended(scores, log_probabilities):
    (rows, width), found = scores.shape, np.float64
    ended, best = np.empty((rows, width), found), np.empty((rows, width), found)
    parents, symbols = np.empty((rows, width), np.int64), np.empty((rows, width), np.int32)
    extend(scores, log_probabilities, ended, best, parents, symbols)
    return ended, best, parents, symbols


@pytest.mark.parametrize(("rows", "width", "classes"), [(1, 1, 2), (1, 4, 30), (3, 4, 3), (5, 2, 7)])
def test_the_best_extensions_are_those_of_a_stable_sort(rows, width, classes, random):
    scores = np.round(random.normal(size=(rows, width)), 1)  # rounded, so that some sums are equal
    log_probabilities = np.round(random.normal(size=(rows * width, classes)), 1)
    ended, best, parents, symbols = extended(scores, log_probabilities)
    sums = scores[:, :, None] + log_probabilities.reshape(rows, width, classes)
    np.testing.assert_array_equal(ended, sums[:, :, 0])
    every = sums[:, :, 1:].reshape(rows, -1)
    order = np.argsort(-every, axis=1, kind="stable")[:, :width]
    np.testing.assert_array_equal(best, np.take_along_axis(every, order, axis=1))
    np.testing.assert_array_equal(parents, order // (classes - 1))
    np.testing.assert_array_equal(symbols, order % (classes - 1) + 1)


def test_hypotheses_that_do_not_exist_are_not_extended():
    scores = np.array([[0.0, -np.inf, -np.inf]])
    _, best, parents, symbols = extended(scores, np.array([[-1.0, -2.0, -1.5]] * 3))
    assert best.tolist() == [[-1.5, -2.0, -np.inf]]
    assert parents[0, :2].tolist() == [0, 0]
    assert symbols[0, :2].tolist() == [2, 1]
