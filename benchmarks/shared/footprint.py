"""How much memory training takes, from the shapes of what it keeps; docs/performance.md shows the same sum."""

from benchmarks.shared.shape import Shape
from charrnn.cells.contract import find_cell
from charrnn.model.config import ModelConfig
from charrnn.model.parameters import tensor_shapes
from charrnn.optimizers.contract import find_optimizer

LOSS_BYTES = 8
"""Losses are kept in float64."""


def footprint(shape: Shape, precision: str = "float32", cell: str = "lstm", optimizer: str = "adam") -> dict[str, int]:
    """Bytes of each part, padding and what does not grow left out.

        parameters    P (1 + 1 + slots): each parameter, its gradient, and what the optimizer keeps for it
        packed        2 M: each weight matrix in panels, once for the way forward and once for the way back;
                      and 2 V G: the first layer's table and its gradient
        traces        L T B (G + H (states + saved)): what forward leaves for backward
        window        T B (H + V) and the losses: the gradient of a layer's output, and the logits

    with P parameters, M of them in the matrices that products read: all but embedding and biases.
    """
    H, L, B, T, V = shape.hidden, shape.layers, shape.streams, shape.steps, shape.vocabulary
    config = ModelConfig(vocab_size=V, cell=cell, hidden_size=H, num_layers=L, precision=precision)
    kind, slots = find_cell(cell), len(find_optimizer(optimizer).slots)
    G, size = config.gate_width, config.dtype.itemsize
    P = M = 0
    for name, dimensions in tensor_shapes(config).items():
        count = dimensions[0] * dimensions[1] if len(dimensions) == 2 else dimensions[0]
        P += count
        M += count if len(dimensions) == 2 and name != "embedding.weight" else 0
    return {
        "parameters": size * P * (1 + 1 + slots),
        "packed": size * 2 * (M + V * G),
        "traces": size * L * T * B * (G + H * (len(kind.state) + len(kind.saved))),
        "window": size * T * B * (H + V) + LOSS_BYTES * T * B,
    }
