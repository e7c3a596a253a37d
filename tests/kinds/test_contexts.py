import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.kinds.config import make_config
from charrnn.kinds.contexts import ContextModel


class Blind(ContextModel):
    """A model that predicts nothing."""

    def work_array(self, steps, streams):
        return np.empty((steps, streams))


@pytest.mark.parametrize("seen", [0, 1, 2, 5])
def test_a_history_is_the_state_and_the_window(seen):
    model = Blind(make_config(9, model="ngram"), None, seen)
    space, state = model.buffers(4, 2), model.initial_state(2)
    text = np.arange(18, dtype=np.int32).reshape(9, 2) % 9
    before = max(0, seen - 1)
    padded = np.concatenate([np.zeros((before, 2), np.int32), text + 1])
    read = 0
    for steps in (1, 4, 3, 1):
        window = model.enter(text[read : read + steps], state, space)
        assert np.array_equal(window.history, padded[read : read + steps + before])
        read += steps
        assert np.array_equal(state[0][0].T, padded[read : read + before])
        assert len(window.logits) == len(window.losses) == len(window.no_ids) == steps


def test_a_state_advances_by_part_of_a_window_and_begins_anew():
    model = Blind(make_config(9, model="ngram"), None, 4)
    space, state = model.buffers(4, 2), model.initial_state(2)
    model.enter(np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.int32), state, space, 2)
    assert state[0][0].tolist() == [[0, 2, 4], [0, 3, 5]]
    model.reset(state, np.array([True, False]))
    assert state[0][0].tolist() == [[0, 0, 0], [0, 3, 5]]


@pytest.mark.parametrize("symbol", [-1, 10])
def test_a_state_of_characters_that_are_none_is_refused(symbol):
    model = Blind(make_config(9, model="ngram"), None, 4)
    state = model.initial_state(2)
    state[0][0][1] = 9
    model.check_state(state)
    state[0][0][1, 2] = symbol
    with pytest.raises(CheckpointError, match="ids must be 0 to 9"):
        model.check_state(state)
