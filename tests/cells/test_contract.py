"""What every cell must satisfy; runs over all files of charrnn/cells."""

import numpy as np
import pytest
import reference

from charrnn.cells.contract import cell_names, find_cell
from charrnn.errors import ConfigError
from charrnn.model.network import Network, TrainingNetwork
from charrnn.model.workers import Workers
from charrnn.model.workspace import Workspace, copy_state
from charrnn.training.bptt import TruncatedBPTT

cells = pytest.mark.parametrize("cell", cell_names())


@cells
@pytest.mark.parametrize(("layers", "embedding_size"), [(1, 0), (2, 3)])
def test_every_gradient_equals_finite_differences(make_parameters, make_window, cell, layers, embedding_size):
    shape = {"vocab_size": 5, "hidden_size": 3, "num_layers": layers, "embedding_size": embedding_size}
    parameters = make_parameters(cell=cell, precision="float64", **shape)
    network = TrainingNetwork(parameters)
    bptt = TruncatedBPTT(network, 4, 3)
    x, y, state = make_window(network, 4, 3)
    d_state = network.initial_state(3)
    bptt.window(x, y, copy_state(state), d_state=d_state)
    gradient = {name: tensor.copy() for name, tensor in bptt.gradient.tensors.items()}

    def loss():
        network.refresh()
        return bptt.window(x, y, copy_state(state))

    for name, tensor in parameters.tensors.items():
        assert reference.relative_error(gradient[name], reference.numeric_gradient(loss, tensor)) < 1e-6, name
    for layer, d_layer in zip(state, d_state, strict=True):
        for array, d_array in zip(layer, d_layer, strict=True):
            assert reference.relative_error(d_array, reference.numeric_gradient(loss, array)) < 1e-6


@cells
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_three_carried_windows_equal_one_long_window_bit_for_bit(make_parameters, make_window, cell, precision):
    parameters = make_parameters(vocab_size=7, hidden_size=19, num_layers=2, cell=cell, precision=precision)
    network = Network(parameters)
    T, B = 5, 7
    x, _, state = make_window(network, 3 * T, B)
    carried = copy_state(state)
    long = Workspace.allocate(network.config, 3 * T, B)
    network.run(x, None, state, long)
    short = Workspace.allocate(network.config, T, B)
    for part in range(3):
        rows = slice(part * T, (part + 1) * T)
        network.run(x[rows], None, carried, short)
        assert np.array_equal(short.logits, long.logits[rows])
    for layer, wanted in zip(carried, state, strict=True):
        for array, wanted_array in zip(layer, wanted, strict=True):
            assert np.array_equal(array, wanted_array)


@cells
@pytest.mark.parametrize("streams", [2, 7, 13])
def test_a_stream_does_not_depend_on_the_others(make_parameters, make_window, cell, streams):
    network = Network(make_parameters(vocab_size=7, hidden_size=19, num_layers=2, cell=cell), Workers(2))
    x, _, state = make_window(network, 5, streams)
    alone = [tuple(array[1:2].copy() for array in layer) for layer in state]
    together = Workspace.allocate(network.config, 5, streams)
    network.run(x, None, state, together)
    single = Workspace.allocate(network.config, 5, 1)
    network.run(x[:, 1:2].copy(), None, alone, single)
    assert np.array_equal(single.logits[:, 0], together.logits[:, 1])


@cells
def test_the_parts_of_a_cell_fit_together(cell):
    found = find_cell(cell)
    assert found.trace._fields == ("gates", *found.state, *found.saved)
    assert found.initial_bias(6).shape == (found.gates * 6,)


def test_an_unknown_cell_is_an_error_that_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown cell 'elman': choose one of .*lstm"):
        find_cell("elman")
