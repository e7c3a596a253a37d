import numpy as np
import pytest

from charrnn.cells.contract import cell_names, find_cell
from charrnn.model.config import ModelConfig
from charrnn.model.workspace import Workspace, copy_state, zero_state

cells = pytest.mark.parametrize("cell", cell_names())
precisions = pytest.mark.parametrize("precision", ["float32", "float64"])

T, B, V, H, L = 6, 3, 7, 5, 2


def make(cell="lstm", precision="float32", dropout=0.0):
    return ModelConfig(V, cell=cell, hidden_size=H, num_layers=L, dropout=dropout, precision=precision)


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
    config, contract = make(cell, precision, dropout=0.5), find_cell(cell)
    space = Workspace.allocate(config, T, B, training=training)
    wanted = []
    for trace in space.traces:
        wanted.append((trace[0], T, config.gate_width))
        states = trace[1 : 1 + len(contract.state)]
        wanted += [(array, T + 1, H) for array in states]
        wanted += [(array, T, H) for array in trace[1 + len(contract.state) :]]
        assert len(trace) == 1 + len(contract.state) + len(contract.saved)
    wanted += [(output, T, H) for output in space.outputs] + [(space.logits, T, V)]
    if training:
        wanted += [(space.d_h, T + 1, H), *((array, 1, H) for array in space.d_state)]
        assert len(space.d_state) == len(contract.state) - 1
    else:
        assert (space.d_h, space.d_state) == (None, ())
    for array, steps, columns in wanted:
        assert array.shape[:2] == (steps, B)
        assert array.shape[2] >= columns
        assert array.dtype == precision
        assert array.flags.c_contiguous
        assert array.ctypes.data % 64 == array.strides[1] % 64 == 0
    assert (space.losses.shape, space.losses.dtype) == ((T, B), "float64")


@pytest.mark.parametrize(
    ("training", "dropout", "dropped"), [(True, 0.5, True), (True, 0.0, False), (False, 0.5, False)]
)
def test_outputs_are_h_itself_unless_dropout_writes_them(training, dropout, dropped):
    space = Workspace.allocate(make(dropout=dropout), T, B, training=training)
    assert space.dropped is dropped
    for output, trace in zip(space.outputs, space.traces, strict=True):
        assert np.shares_memory(output, trace.h) is not dropped
        if not dropped:
            trace.h[3] = 9
            assert (output[2] == 9).all()


@cells
@pytest.mark.parametrize("training", [False, True])
def test_a_shortened_space_is_the_start_of_the_same_arrays(cell, training):
    space = Workspace.allocate(make(cell, dropout=0.5), T, B, training=training)
    states = len(find_cell(cell).state)
    short = space.shortened(2, states)
    for trace, cut in zip(space.traces, short.traces, strict=True):
        assert type(trace) is type(cut)
        assert [len(array) for array in cut] == [2] + [3] * states + [2] * (len(trace) - 1 - states)
    pairs = [
        pair for trace, cut in zip(space.traces, short.traces, strict=True) for pair in zip(trace, cut, strict=True)
    ]
    pairs += [
        *zip(space.outputs, short.outputs, strict=True),
        (space.logits, short.logits),
        (space.losses, short.losses),
        (space.row_ids, short.row_ids),
        (space.no_ids, short.no_ids),
    ]
    if training:
        pairs.append((space.d_h, short.d_h))
        assert short.d_state is space.d_state
    for whole, cut in pairs:
        assert len(cut) < len(whole)
        assert cut.ctypes.data == whole.ctypes.data
        assert cut.shape[1:] == whole.shape[1:]
    assert len(short.logits) == len(short.losses) == 2
    assert short.dropped is space.dropped
    assert (short.d_h is None) is not training
