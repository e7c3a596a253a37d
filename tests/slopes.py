"""Gradients against finite differences, for every kind of network that learns by them."""

import pytest

from charrnn.cells.contract import find_cell

STEP = 1e-5


def noisy(parameters, random):
    """Parameters in which no tensor is special: initial values and noise."""
    for tensor in parameters.tensors.values():
        tensor[:] = tensor + random.normal(0, 0.3, tensor.shape)
    return parameters


def check_gradients(random, learner, loss_of):
    """Compare the gradient of every tensor with the slope of the loss in a random direction.

    The cell's vectors that are not learned must have the gradient zero. The network computes in float64.

    Args:
        random: draws the directions.
        learner: whose gradients are checked.
        loss_of: computes a loss and its gradient with the learner, once the network has the parameters.
    """
    config, parameters = learner.network.config, learner.network.parameters
    vectors = find_cell(config.cell).vectors if hasattr(config, "cell") else ()
    fixed = {vector.name for vector in vectors if not vector.learned}

    def loss():
        learner.network.refresh()
        return loss_of(learner)

    loss()
    gradient = {name: tensor.copy() for name, tensor in learner.gradient.tensors.items()}
    assert set(gradient) == set(parameters.tensors)
    for name, tensor in parameters.tensors.items():
        direction, start = random.normal(size=tensor.shape), tensor.copy()
        losses = []
        for sign in (1, -1):
            tensor[:] = start + sign * STEP * direction
            losses.append(loss())
        tensor[:] = start
        is_fixed = name.rpartition("_l")[0].rpartition(".")[2] in fixed
        slope = 0 if is_fixed else (losses[0] - losses[1]) / (2 * STEP)
        assert (gradient[name] * direction).sum() == pytest.approx(slope, rel=2e-6, abs=1e-9), name
