import numpy as np
import pytest

from charrnn.model.config import ModelConfig
from charrnn.model.contexts import ContextModel


class Blind(ContextModel):
    """A model that predicts nothing."""

    def room(self, steps, streams):
        return np.empty((steps, streams))


@pytest.mark.parametrize("seen", [0, 1, 2, 5])
def test_a_history_is_the_state_and_the_window(seen):
    model = Blind(ModelConfig(9, "ngram"), None, seen)
    space, state = model.space(4, 2), model.initial_state(2)
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
