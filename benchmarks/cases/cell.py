"""The cell's time loops, products with W_hh included."""

from collections.abc import Iterator

import numpy as np

from benchmarks.cases.contract import Array, Case, Inputs, worst
from benchmarks.cases.products import RECURRENT, RECURRENT_BACK
from charrnn.cells.contract import Weights
from charrnn.kernels.packing import pack_transposed
from charrnn.layers.products import Rows, matmul_address
from charrnn.layers.recurrent import StackBuffers


def cell_cases(inputs: Inputs) -> Iterator[Case]:
    """Forward and backward through a window."""
    shape, G = inputs.shape, inputs.gates
    H, B, T, V = shape.hidden, shape.streams, shape.steps, shape.vocabulary
    stack = inputs.config.stack
    cell, matmul = stack.cell, matmul_address(stack.dtype, stack.packed_dtype)
    rows = Rows.allocate(T, B, G, stack.packed_dtype)
    buffers = StackBuffers.allocate(stack, rows, training=True)
    activations, d_h, d_state = buffers.activations[0], buffers.d_h[0], buffers.d_state
    assert buffers.d_vectors is not None
    vectors, d_vectors = np.empty((0, H), inputs.dtype), buffers.d_vectors[0]
    w, table, ids = inputs.matrix(G, H, scale=H**-0.5 / 2), inputs.matrix(V, G), inputs.ids(V, T, B)
    packed = inputs.unpacked(H, G, B)
    pack_transposed(w, packed, 0, 1)
    shared = (vectors, rows.numbers[:1])
    forward_weights, backward_weights = Weights((packed,), *shared), Weights((inputs.packed(w, B),), *shared)
    above = inputs.rows(T, B, H)[:, :, :H]
    outputs, d_a = lstm_reference(*(array.astype("float64") for array in (table[ids], w, above)))
    tolerance = 400 * inputs.epsilon if inputs.rounding == inputs.epsilon else 20 * inputs.rounding

    def forward(last: int = B) -> None:
        cell.forward(matmul, forward_weights, activations, table, ids, H, 0, last)

    def backward(last: int = B) -> None:
        cell.backward(matmul, backward_weights, activations, d_h, d_state, d_vectors, H, 0, last)

    forward()
    gates = activations.gates.copy()

    def restart() -> None:
        activations.gates[:] = gates
        d_h[0] = 0
        d_h[1:, :, :H] = above
        for array in d_state:
            array[:] = 0

    yield Case(
        "cell forward: all steps",
        f"{T}x{B}x{H}",
        forward,
        lambda: worst(activations.h[1:, :, :H], outputs, tolerance),
        idle=lambda: forward(0),
        flop=2 * T * B * G * H,
        count=T * B * H,
        product=RECURRENT,
        repeats=T,
    )
    yield Case(
        "cell backward: all steps",
        f"{T}x{B}x{H}",
        backward,
        lambda: worst(activations.gates[:, :, :G], d_a, tolerance * np.abs(d_a).max()),
        restart,
        lambda: backward(0),
        flop=2 * T * B * G * H,
        count=T * B * H,
        product=RECURRENT_BACK,
        repeats=T,
    )


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))`` without overflow."""
    result: Array = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result


def lstm_reference(a: Array, w: Array, above: Array) -> tuple[Array, Array]:
    """Outputs (T, B, H) of an LSTM that starts from the zero state, and the gradient of its inputs (T, B, 4H).

    Args:
        a: (T, B, 4H) W_ih x + b.
        w: (4H, H) W_hh.
        above: (T, B, H) gradient of the outputs.
    """
    h = c = np.zeros(above.shape[1:])
    outputs, d_a = np.empty_like(above), np.empty_like(a)
    steps = []
    for t in range(len(a)):
        i, f, g, o = np.split(a[t] + h @ w.T, 4, axis=-1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        before, c = c, f * c + i * g
        squashed = np.tanh(c)
        h = outputs[t] = o * squashed
        steps.append((i, f, g, o, before, squashed))
    d_h = d_c = np.zeros_like(h)
    for t in reversed(range(len(a))):
        i, f, g, o, before, squashed = steps[t]
        d_h = d_h + above[t]
        d_c = d_c + d_h * o * (1 - squashed**2)
        gates = (d_c * g * i * (1 - i), d_c * before * f * (1 - f), d_c * i * (1 - g**2), d_h * squashed * o * (1 - o))
        d_a[t] = np.concatenate(gates, -1)
        d_h, d_c = d_a[t] @ w, d_c * f
    return outputs, d_a
