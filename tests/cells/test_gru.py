import numpy as np
from cells.checks import check_cell, shapes
from reference import sigmoid


def step(w, a, state):
    (h,) = state
    u_r, u_z, u_n = np.split(h @ w["weight_hh"].T, 3, axis=-1)
    a_r, a_z, a_n = np.split(a, 3, axis=-1)
    r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
    n = np.tanh(a_n + r * (u_n + w["bias_hn"]))
    return ((1 - z) * n + z * h,)


@shapes
def test_loss_state_and_gradients_equal_the_equations(make_parameters, random, shape):
    parameters = make_parameters(cell="gru", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)


def test_the_candidates_bias_is_part_of_pytorchs_second_one(make_parameters):
    parameters = make_parameters(cell="gru", vocab_size=5, hidden_size=3)
    tensors = parameters.to_tensors()
    assert "rnn.bias_hn_l0" not in tensors
    assert tensors["rnn.bias_hh_l0"].tolist() == [0] * 6 + parameters["rnn.bias_hn_l0"].tolist()
    tensors["rnn.bias_hh_l0"] = np.arange(9, dtype="float32")
    before = parameters["rnn.bias_l0"].copy()
    parameters.load_tensors(tensors)
    assert parameters["rnn.bias_hn_l0"].tolist() == [6, 7, 8]
    np.testing.assert_allclose(parameters["rnn.bias_l0"] - before, [0, 1, 2, 3, 4, 5, 0, 0, 0], atol=1e-6)
