import numpy as np
import pytest
import reference

from charrnn.cells.contract import find_cell
from charrnn.kinds.config import make_config
from charrnn.layers.products import Rows
from charrnn.layers.recurrent import StackBuffers, zero_state
from charrnn.layers.state import copy_state
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import Network
from charrnn.registry import names_in
from charrnn.text.batches import Batch

cells = pytest.mark.parametrize("cell", names_in("cells"))
precisions = pytest.mark.parametrize("precision", ["float32", "float64"])

T, B, V, H, L = 6, 3, 7, 5, 2


def make(cell="lstm", precision="float32", dropout=0.0):
    return make_config(V, cell=cell, hidden_size=H, num_layers=L, dropout=dropout, precision=precision).stack


def allocate(shape, *, training=False):
    return StackBuffers.allocate(shape, Rows.allocate(T, B, H, shape.packed_dtype), training=training)


@cells
@precisions
def test_the_zero_state_has_an_array_for_each_layer_and_state(cell, precision):
    state = zero_state(make(cell, precision), B)
    assert len(state) == L
    arrays = [array for layer in state for array in layer]
    assert len(arrays) == L * len(find_cell(cell).state)
    for array in arrays:
        assert (array.shape, array.dtype) == ((B, H), precision)
        assert not array.any()  # nor is it a view of those before
        array[:] = 1


def test_a_copied_state_is_of_its_own():
    state = zero_state(make(), B)
    state[1][0][2, 3] = 5
    copied = copy_state(state)
    assert copied[1][0][2, 3] == 5
    copied[1][0][:] = 7
    assert state[1][0].max() == 5


@cells
@precisions
@pytest.mark.parametrize("training", [False, True])
def test_every_row_is_aligned_and_long_enough(cell, precision, training):
    shape, contract = make(cell, precision, dropout=0.5), find_cell(cell)
    buffers = allocate(shape, training=training)
    wanted = []
    for activations in buffers.activations:
        wanted.append((activations[0], T, shape.gate_width))
        states = activations[1 : 1 + len(contract.state)]
        wanted += [(array, T + 1, H) for array in states]
        wanted += [(array, T, H) for array in activations[1 + len(contract.state) :]]
        assert len(activations) == 1 + len(contract.state) + len(contract.saved)
    wanted += [(output, T, H) for output in buffers.outputs]
    if training:
        wanted += [*((d_h, T + 1, H) for d_h in buffers.d_h), *((array, 1, H) for array in buffers.d_state)]
        assert len(buffers.d_state) == len(contract.state) - 1
    else:
        assert (buffers.d_h, buffers.d_state) == ([], ())
    for array, steps, columns in wanted:
        assert array.shape[:2] == (steps, B)
        assert array.shape[2] >= columns
        assert array.dtype == precision
        assert array.flags.c_contiguous
        assert array.ctypes.data % 64 == array.strides[1] % 64 == 0


@pytest.mark.parametrize(
    ("training", "dropout", "dropped"), [(True, 0.5, True), (True, 0.0, False), (False, 0.5, False)]
)
def test_outputs_are_h_itself_unless_dropout_writes_them(training, dropout, dropped):
    buffers = allocate(make(dropout=dropout), training=training)
    assert buffers.dropped is dropped
    for output, activations in zip(buffers.outputs, buffers.activations, strict=True):
        assert np.shares_memory(output, activations.h) is not dropped
        if not dropped:
            activations.h[3] = 9
            assert (output[2] == 9).all()


@cells
@pytest.mark.parametrize("training", [False, True])
def test_shortened_buffers_are_the_start_of_the_same_arrays(cell, training):
    buffers = allocate(make(cell, dropout=0.5), training=training)
    states = len(find_cell(cell).state)
    short = buffers.shortened(2, states)
    for activations, cut in zip(buffers.activations, short.activations, strict=True):
        assert type(activations) is type(cut)
        assert [len(array) for array in cut] == [2] + [3] * states + [2] * (len(activations) - 1 - states)
    pairs = [
        pair
        for activations, cut in zip(buffers.activations, short.activations, strict=True)
        for pair in zip(activations, cut, strict=True)
    ]
    pairs += [
        *zip(buffers.outputs, short.outputs, strict=True),
        *zip(buffers.rows[:2], short.rows[:2], strict=True),
        *zip(buffers.d_h, short.d_h, strict=True),
    ]
    assert short.d_state is buffers.d_state
    assert short.dropped is buffers.dropped
    for whole, cut in pairs:
        assert len(cut) < len(whole)
        assert cut.ctypes.data == whole.ctypes.data
        assert cut.shape[1:] == whole.shape[1:]


@pytest.mark.parametrize("skip_connections", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_gradient_of_the_final_state_flows_back_through_all_layers(
    make_parameters, make_window, cell, skip_connections
):
    """The loss is that of the predictions, plus the sum of the final state times a direction."""
    shape = {"vocab_size": 5, "hidden_size": 4, "num_layers": 2, "precision": "float64", "cell": cell}
    network = Network(make_parameters(**shape, skip_connections=skip_connections), training=True)
    x, y, state = make_window(network, 5, 3)
    bptt = TruncatedBPTT(network, 5, 3)
    random = np.random.default_rng(3)
    d_final = [tuple(random.normal(size=array.shape) for array in layer) for layer in state]

    def loss():
        network.refresh()
        after = copy_state(state)
        found = bptt.loss_and_gradient(Batch(x, y), after)
        pairs = [pair for layers in zip(after, d_final, strict=True) for pair in zip(*layers, strict=True)]
        return found + sum((array * d).sum() for array, d in pairs)

    d_initial = network.initial_state(3)
    bptt.loss_and_gradient(Batch(x, y), copy_state(state), d_final=d_final, d_initial=d_initial)
    gradient = {name: tensor.copy() for name, tensor in bptt.gradient.tensors.items()}
    for name, found in gradient.items():
        assert reference.relative_error(found, reference.numeric_gradient(loss, network.parameters[name])) < 1e-6, name
    for layer, d_layer in zip(state, d_initial, strict=True):
        for array, d in zip(layer, d_layer, strict=True):
            assert reference.relative_error(d, reference.numeric_gradient(loss, array)) < 1e-6
