"""What the tests of single cells have in common: a cell beside its equations, written plainly."""

import numpy as np
import pytest
import reference

from charrnn.layers.state import copy_state
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import Network
from charrnn.text.batches import Batch

T, B = 6, 5
SHAPES = {
    "stacked": {"num_layers": 2},
    "one-hot": {"num_layers": 1, "embedding_size": 0},
    "tied": {"num_layers": 1, "tie_embedding": True},
    "skipping": {"num_layers": 3, "embedding_size": 4, "skip_connections": True, "learn_initial_state": True},
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def check_cell(parameters, step, random):
    """Loss, state and gradients of a model in float64 equal those of ``step``, see ``reference.run``."""
    network = Network(parameters, training=True)
    config = parameters.config
    x, y = random.integers(0, config.vocab_size, (2, T, B)).astype(np.int32)
    state = network.initial_state(B)
    reset = np.array([True, False, True, False, False])
    for layer in state:
        for array in layer:
            array[~reset] = random.normal(0, 0.5, array[~reset].shape)
    given = copy_state(state)

    def loss(tensors):
        names = [f"initial.{name}_l{{}}" for name in network.state_names if config.learn_initial_state]
        start = [
            tuple(
                np.where(reset[:, np.newaxis], tensors[name.format(l)], array)
                for name, array in zip(names, arrays, strict=False)
            )
            or arrays
            for l, arrays in enumerate(given)
        ]
        return reference.mean_loss(reference.run(tensors, x, start, step)[0], y)

    tensors = dict(parameters.tensors)
    _, wanted_state = reference.run(tensors, x, given, step)
    bptt = TruncatedBPTT(network, T, B)
    assert bptt.loss_and_gradient(Batch(x, y, reset=reset), state) == pytest.approx(loss(tensors), rel=1e-12)
    for layer, wanted in zip(state, wanted_state, strict=True):
        for array, wanted_array in zip(layer, wanted, strict=True):
            np.testing.assert_allclose(array, wanted_array, rtol=0, atol=1e-12)
    frozen = {
        f"rnn.{vector.name}_l{l}" for vector in network.stack.shape.cell.vectors if not vector.learned for l in range(9)
    }
    for name, gradient in bptt.gradient.tensors.items():
        direction = random.normal(size=gradient.shape)
        wanted = 0 if name in frozen else reference.slope(loss, tensors, name, direction)
        assert (gradient * direction).sum() == pytest.approx(wanted, rel=1e-9, abs=1e-12), name
