import numpy as np
from cells.checks import check_cell, shapes
from reference import sigmoid


def step(w, a, state):
    h, c = state
    i, f, g, o = np.split(a + h @ w["weight_hh"].T, 4, axis=-1)
    i, f = sigmoid(i + w["peephole_i"] * c), sigmoid(f + w["peephole_f"] * c)
    c = f * c + i * np.tanh(g)
    return sigmoid(o + w["peephole_o"] * c) * np.tanh(c), c


@shapes
def test_loss_state_and_gradients_equal_the_equations(make_parameters, random, shape):
    parameters = make_parameters(cell="lstm-peephole", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)
