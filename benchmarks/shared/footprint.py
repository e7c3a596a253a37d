"""How much memory training takes, from the shapes of what it keeps; docs/engine.md shows the same sum."""

import math

import numpy as np

from benchmarks.shared.shape import Shape
from charrnn.kernels.operands import cut_of
from charrnn.models.language.config import LanguageConfig
from charrnn.models.language.parameters import tensor_shapes
from charrnn.optimizers.contract import find_optimizer

CHARACTER_BYTES = 16
"""For each character of a window: its loss in float64, and the two numbers (int32) of the rows its sums start from."""


def footprint(shape: Shape, precision: str = "float32", threads: int = 1) -> dict[str, int]:
    """Bytes of each part of training with Adam, padding and what does not grow left out.

        parameters    P (1 + 1 + A): each parameter, its gradient, and what Adam keeps for it
        good state    P (1 + A) + 2 L B H S: what a run that diverges goes back to, and the carried state
        packed        2 M: each weight matrix in panels, once for the way forward and once for the way back, in bf16
                      with two bytes each; and 2 V G: the first layer's table and its gradient
        activations        L T B (G + H (S + K)): what forward leaves for backward
        window        T B (H + V + 1) and CHARACTER_BYTES: the gradient of a layer's output, the logits, and each
                      prediction's part of the loss
        scratch       threads N D (R + C): blocks packed for the weights' gradients, in bf16 with two bytes

    with P parameters, M of them in the matrices that products read: all but embedding and biases; A vectors that Adam
    keeps; S states of the cell, and K further arrays that it saves; C the larger of 2 H and the embedding's width; and
    N blocks of D rows and R columns (``sum_blocks``, ``sum_depth`` and ``sum_rows`` in ``charrnn.kernels.operands``).
    """
    H, L, B, T, V = shape.hidden, shape.layers, shape.streams, shape.steps, shape.vocabulary
    config = LanguageConfig(vocab_size=V, cell=shape.cell, hidden_size=H, num_layers=L, precision=precision)
    cell, states = config.stack.cell, len(find_optimizer("adam").states)
    G, size, columns = config.stack.gate_width, config.dtype.itemsize, max(2 * H, config.embedding_size)
    packed_size, cut = 2 if precision == "bf16" else size, cut_of(np.empty(0, config.packed_dtype))
    P = M = 0
    for name, dimensions in tensor_shapes(config).items():
        count = math.prod(dimensions)
        P += count
        M += count if len(dimensions) == 2 and name != "embedding.weight" else 0
    return {
        "parameters": size * P * (1 + 1 + states),
        "good state": size * (P * (1 + states) + 2 * L * B * H * len(cell.state)),
        "packed": 2 * (M * packed_size + V * G * size),
        "activations": size * L * T * B * (G + H * (len(cell.state) + len(cell.saved))),
        "window": size * T * B * (H + V + 1) + CHARACTER_BYTES * T * B,
        "scratch": packed_size * threads * cut.sum_blocks * cut.sum_depth * (cut.sum_rows + columns),
    }
