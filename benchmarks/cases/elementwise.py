"""Activations, the loss, dropout and the draw of a character."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.cases.contract import Array, Case, Inputs, worst
from charrnn.kernels import activations
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.draw import draw, generator
from charrnn.kernels.dropout import dropout
from charrnn.kernels.jit import jit

ELEMENTS = 1 << 14
"""In and out fit into the L2 cache."""

DRAWS = 1000
RATE = 0.25


@jit
def tanh(x, out):
    """Tanh of each element."""
    for k in range(x.shape[0]):
        out[k] = activations.tanh(x[k])


@jit
def sigmoid(x, out):
    """Sigmoid of each element."""
    for k in range(x.shape[0]):
        out[k] = activations.sigmoid(x[k])


@jit
def exp(x, out):
    """Exponential function of each element."""
    for k in range(x.shape[0]):
        out[k] = activations.exp(x[k])


def elementwise_cases(inputs: Inputs) -> Iterator[Case]:
    """All of them."""
    x = inputs.random.normal(0, 3, ELEMENTS).astype(inputs.dtype)
    true = x.astype("float64")
    single = inputs.dtype.itemsize == 4
    yield activation(tanh, x, np.tanh(true), 4e-7 if single else 1e-14)
    yield activation(sigmoid, x, 0.5 + 0.5 * np.tanh(0.5 * true), 3e-7 if single else 1e-14)
    yield activation(exp, -np.abs(x), np.exp(-np.abs(true)), 1e-6 if single else 1e-14)
    yield loss(inputs, 4e-6 if single else 1e-13)
    yield masking(inputs)
    yield drawing(inputs)


def activation(function: Callable[..., None], x: Array, wanted: Array, bound: float) -> Case:
    """One of the functions that have no exact form in float32."""
    out = np.empty_like(x)
    return Case(
        function.__name__,
        f"{x.size}",
        run=lambda: function(x, out),
        error=lambda: worst(out, wanted, bound),
        count=x.size,
    )


def loss(inputs: Inputs, bound: float) -> Case:
    """Softmax, loss and gradient in one pass."""
    B, T, V = inputs.shape.streams, inputs.shape.steps, inputs.shape.vocabulary
    logits, losses = inputs.rows(T, B, V, scale=2.0), np.zeros((T, B))
    values, targets = logits.copy(), inputs.random.integers(0, V, (T, B)).astype(np.int32)
    scale = inputs.dtype.type(1 / targets.size)

    def error() -> float:
        z = values[:, :, :V].astype("float64")
        p = np.exp(z - z.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        wanted = (p - np.eye(V)[targets]) * float(scale)
        nats = -np.log(np.take_along_axis(p, targets[..., np.newaxis], -1)[..., 0])
        return max(worst(losses, nats, bound), worst(logits[:, :, :V], wanted, bound * float(scale)))

    return Case(
        "cross_entropy",
        f"{T * B}x{V}",
        run=lambda: cross_entropy(logits, targets, V, scale, losses, 0, B),
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
        scaled = np.where(kept, h[:, :, :H].astype("float64") / (1 - RATE), 0)
        deviations = abs(kept.mean() - (1 - RATE)) / np.sqrt(RATE * (1 - RATE) / kept.size)
        return max(float(deviations) / 5, worst(out[:, :, :H], scaled, 8 * inputs.epsilon * np.abs(h).max()))

    return Case(
        "dropout",
        f"{T * B}x{H}",
        run=lambda: dropout(h, out, H, RATE, 1, 0, B),
        error=error,
        count=T * B * H,
    )


def drawing(inputs: Inputs) -> Case:
    """Draws from one distribution; each is a call from Python."""
    V, counts, state = inputs.shape.vocabulary, np.zeros(inputs.shape.vocabulary), generator(0)
    logits = inputs.vector(V)

    def run() -> None:
        for _ in range(DRAWS):
            counts[draw(logits, V, 1.0, state)] += 1

    def error() -> float:
        p = np.exp(logits.astype("float64"))
        wanted = DRAWS * p / p.sum()
        return float(np.max(np.abs(counts - wanted) / (6 * np.sqrt(wanted) + 3)))

    return Case("draw", f"{V}", run, error, prepare=lambda: counts.fill(0), count=DRAWS)
