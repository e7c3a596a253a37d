import numpy as np
import pytest

from charrnn.model.config import ModelConfig
from charrnn.model.parameters import Parameters


@pytest.fixture
def random():
    return np.random.default_rng(1234)


@pytest.fixture
def make_parameters(random):
    """Parameters in which no tensor is special: all that training starts from, and noise."""

    def make(**shape):
        parameters = Parameters(ModelConfig(**shape)).initialise(0)
        for tensor in parameters.tensors.values():
            tensor[:] += random.normal(0, 0.2, tensor.shape)
        return parameters

    return make


@pytest.fixture
def make_window(random):
    """Ids x and y (T, B), and a state that is not zero."""

    def make(network, steps, streams):
        x, y = random.integers(0, network.config.vocab_size, (2, steps, streams)).astype(np.int32)
        state = network.initial_state(streams)
        for layer in state:
            for array in layer:
                array[:] = random.normal(0, 0.5, array.shape)
        return x, y, state

    return make
