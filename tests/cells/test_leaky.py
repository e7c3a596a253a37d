import numpy as np
import pytest
from cells.checks import check_cell, shapes
from reference import sigmoid

from charrnn.cells.leaky import initial_rates


def step(w, a, state):
    (h,) = state
    rate = sigmoid(w["rate"])
    return ((1 - rate) * h + rate * np.tanh(a + h @ w["weight_hh"].T),)


@shapes
def test_loss_state_and_gradients_equal_the_equations(make_parameters, random, shape):
    parameters = make_parameters(cell="leaky", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)


def test_rates_start_between_the_slowest_and_the_fastest():
    rates = sigmoid(initial_rates(5))
    assert rates[[0, -1]].tolist() == pytest.approx([0.02, 0.9])
    assert sigmoid(initial_rates(3, 0.1, 0.4)).tolist() == pytest.approx([0.1, 0.2, 0.4])
    np.testing.assert_allclose(rates[1:] / rates[:-1], rates[1] / rates[0])
