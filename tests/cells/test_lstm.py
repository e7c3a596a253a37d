import numpy as np
from cells.checks import check_cell, shapes
from reference import sigmoid

from charrnn.cells.lstm import CELL


def step(w, a, state):
    h, c = state
    i, f, g, o = np.split(a + h @ w["weight_hh"].T, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@shapes
def test_loss_state_and_gradients_equal_the_equations(make_parameters, random, shape):
    parameters = make_parameters(cell="lstm", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)


def test_only_the_forget_gates_start_with_a_bias_and_each_with_another():
    assert CELL.initial_bias(3).tolist() == [0, 0, 0, -3, -1, 1, 0, 0, 0, 0, 0, 0]
    assert CELL.initial_bias(2, forget_bias_low=0, forget_bias_high=2).tolist() == [0, 0, 0, 2, 0, 0, 0, 0]
