import numpy as np
import pytest
import reference

from charrnn.model.network import Network
from charrnn.model.workers import Workers
from charrnn.model.workspace import Workspace, copy_state


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("embedding_size", [0, 5, 9])
@pytest.mark.parametrize("hidden_size", [1, 16, 37])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_logits_and_state_equal_the_reference(
    make_parameters, make_window, layers, embedding_size, hidden_size, precision
):
    shape = {"vocab_size": 9, "hidden_size": hidden_size, "num_layers": layers, "embedding_size": embedding_size}
    network = Network(make_parameters(precision=precision, **shape), Workers(2))
    x, _, state = make_window(network, 6, 5)
    wanted, wanted_state, _ = reference.forward(network.parameters.tensors, x, state)
    space = Workspace.allocate(network.config, 6, 5)
    network.run(x, None, state, space)
    bound = 1e-12 if precision == "float64" else 1e-5
    np.testing.assert_allclose(space.logits[:, :, :9], wanted, rtol=bound, atol=bound * 10)
    for layer, wanted_layer in zip(state, wanted_state, strict=True):
        for array, wanted_array in zip(layer, wanted_layer, strict=True):
            np.testing.assert_allclose(array, wanted_array, rtol=bound, atol=bound * 10)


def test_losses_are_those_of_the_logits(make_parameters, make_window):
    network = Network(make_parameters(vocab_size=9, hidden_size=8, precision="float64"))
    x, y, state = make_window(network, 4, 3)
    wanted = -np.take_along_axis(
        reference.log_softmax(reference.forward(network.parameters.tensors, x, state)[0]),
        y[..., np.newaxis].astype(int),
        -1,
    )[..., 0]
    space = Workspace.allocate(network.config, 4, 3)
    network.run(x, y, state, space)
    np.testing.assert_allclose(space.losses, wanted, rtol=1e-12)


def test_refresh_makes_a_changed_parameter_count(make_parameters, make_window):
    network = Network(make_parameters(vocab_size=9, hidden_size=8))
    x, _, state = make_window(network, 4, 3)
    space = Workspace.allocate(network.config, 4, 3)
    seen = []
    for name in (None, *network.parameters.tensors):
        if name:
            network.parameters[name][:] += 0.1
            network.refresh()
        network.run(x, None, copy_state(state), space)
        seen.append(space.logits.tobytes())
    assert len(set(seen)) == len(seen)
