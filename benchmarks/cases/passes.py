"""Passes over arrays: the loss, dropout, the norm of a gradient and the optimizer's update."""

from collections.abc import Iterator

import numpy as np

from benchmarks.cases.contract import Case, Inputs, worst
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.dropout import dropout
from charrnn.kernels.updates import BLOCK, Clip, block_squares
from charrnn.optimizers.contract import find_optimizer

DROPOUT_RATE = 0.25
LEARNING_RATE = 0.01


def pass_cases(inputs: Inputs) -> Iterator[Case]:
    """All of them; those over parameters take as many as W_hh has."""
    yield loss(inputs)
    yield masking(inputs)
    yield norm(inputs)
    yield update(inputs)


def loss(inputs: Inputs) -> Case:
    """Softmax, loss and gradient."""
    B, T, V = inputs.shape.streams, inputs.shape.steps, inputs.shape.vocabulary
    logits, losses = inputs.rows(T, B, V, scale=2.0), np.zeros((T, B))
    values, targets = logits.copy(), inputs.ids(V, T, B)
    scales = np.full((T, B), 1 / targets.size, inputs.dtype)

    def error() -> float:
        z = values[:, :, :V].astype("float64")
        p = np.exp(z - z.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        wanted = (p - np.eye(V)[targets]) / targets.size
        nats = -np.log(np.take_along_axis(p, targets[..., np.newaxis], -1)[..., 0])
        bound = 40 * inputs.epsilon
        return max(worst(losses, nats, bound), worst(logits[:, :, :V], wanted, bound / targets.size))

    return Case(
        "cross_entropy",
        f"{T * B}x{V}",
        run=lambda: cross_entropy(logits, targets, V, scales, losses, 0, B),
        error=error,
        prepare=lambda: np.copyto(logits, values),
        count=T * B * V,
    )


def masking(inputs: Inputs) -> Case:
    """Dropout with a mask that is computed where it is needed."""
    H, B, T = inputs.shape.hidden, inputs.shape.streams, inputs.shape.steps
    h, out = inputs.rows(T, B, H), inputs.rows(T, B, H)

    def error() -> float:
        kept = out[:, :, :H] != 0
        scaled = np.where(kept, h[:, :, :H].astype("float64") / (1 - DROPOUT_RATE), 0)
        deviation = np.sqrt(DROPOUT_RATE * (1 - DROPOUT_RATE) / kept.size)
        rounding = worst(out[:, :, :H], scaled, 8 * inputs.epsilon * np.abs(h).max())
        return max(rounding, float(abs(kept.mean() - (1 - DROPOUT_RATE)) / (5 * deviation)))

    return Case(
        "dropout",
        f"{T * B}x{H}",
        run=lambda: dropout(h, out, H, DROPOUT_RATE, 1, 0, B),
        error=error,
        count=T * B * H,
    )


def norm(inputs: Inputs) -> Case:
    """The squared norm of a gradient, block by block."""
    gradient = inputs.vector(inputs.gates * inputs.shape.hidden)
    blocks = -(-gradient.size // BLOCK)
    sums = np.zeros(blocks)
    return Case(
        "block_squares",
        f"{gradient.size}",
        run=lambda: block_squares(gradient, sums, 0, blocks),
        error=lambda: worst(sums.sum(), np.square(gradient.astype("float64")).sum(), 1e-9 * gradient.size),
        count=gradient.size,
    )


def update(inputs: Inputs) -> Case:
    """Adam's first step: the rate in the direction of the gradient, but for the epsilon of its quotient."""
    size = inputs.gates * inputs.shape.hidden
    start, gradient = inputs.vector(size), inputs.vector(size)
    true = gradient.astype("float64")
    adam = find_optimizer("adam")
    hyperparameters = tuple(float(declared["default"]) for declared in adam.hyperparameters.values())
    parameters, states = start.copy(), aligned_zeros((len(adam.states), size), inputs.dtype)
    arguments = (parameters, gradient, states, hyperparameters, LEARNING_RATE, 1, Clip(1.0, np.inf), 0, size)

    def restart() -> None:
        parameters[:] = start
        states[:] = 0

    return Case(
        "adam",
        f"{size}",
        run=lambda: adam.update(*arguments),
        error=lambda: worst(parameters, start - LEARNING_RATE * true / (np.abs(true) + 1e-8), 16 * inputs.epsilon),
        prepare=restart,
        count=size,
    )
