"""The reference itself against finite differences."""

import numpy as np
import pytest
import reference

from charrnn.models.language.network import Network


@pytest.mark.parametrize("embedding_size", [0, 3])
def test_reference_gradients_equal_finite_differences(make_parameters, make_window, embedding_size):
    parameters = make_parameters(
        vocab_size=4, hidden_size=3, num_layers=2, embedding_size=embedding_size, precision="float64"
    )
    x, y, state = make_window(Network(parameters), 4, 2)
    tensors = parameters.tensors
    gradients, d_state = reference.gradients(tensors, x, y, state)

    def loss():
        return reference.loss(tensors, x, y, state)

    for name, tensor in tensors.items():
        assert reference.relative_error(gradients[name], reference.numeric_gradient(loss, tensor)) < 1e-6, name
    for layer, d_layer in zip(state, d_state, strict=True):
        for array, d_array in zip(layer, d_layer, strict=True):
            assert reference.relative_error(d_array, reference.numeric_gradient(loss, array)) < 1e-6


def test_relative_error_sees_a_wrong_element():
    wanted = np.array([1.0, -2.0, 0.5])
    assert reference.relative_error(wanted + np.array([0, 0.02, 0]), wanted) == pytest.approx(0.01)
    assert reference.relative_error([0.0, 1e-3], np.zeros(2)) == 1e-3
