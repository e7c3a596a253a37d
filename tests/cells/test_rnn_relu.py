import numpy as np
from cells.checks import check_cell, shapes


def step(w, a, state):
    a = a + state[0] @ w["weight_hh"].T
    return (np.where(a.real > 0, a, 0),)


@shapes
def test_loss_state_and_gradients_equal_the_equations(make_parameters, random, shape):
    parameters = make_parameters(cell="rnn-relu", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)
