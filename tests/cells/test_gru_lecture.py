import numpy as np
from cells.checks import check_cell, shapes
from reference import sigmoid


def step(w, a, state):
    (h,) = state
    w_r, w_z, w_n = np.split(w["weight_hh"], 3)
    a_r, a_z, a_n = np.split(a, 3, axis=-1)
    r, z = sigmoid(a_r + h @ w_r.T), sigmoid(a_z + h @ w_z.T)
    return ((1 - z) * h + z * np.tanh(a_n + (r * h) @ w_n.T),)


@shapes
def test_loss_state_and_gradients_equal_the_equations(make_parameters, random, shape):
    parameters = make_parameters(cell="gru-lecture", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)
