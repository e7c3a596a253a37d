"""The ONNX operator that computes each cell.

ONNX has LSTM (gates i, o, f, g), GRU (z, r, n) and RNN. Its GRU computes

    h[t] = z * h[t-1] + (1 - z) * n

where n has the reset gate after the product (``linear_before_reset`` 1, as ``gru``) or before it (0, as
``gru-lecture``). The z of ``gru-lecture`` is 1 - z here, so its rows change their sign. A leaky unit is a GRU whose
gates read nothing: z is 1 - rate, and r is 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charrnn.errors import ConfigError
from charrnn.kernels.arrays import Array

OPEN = 40.0
"""A gate's input for which the sigmoid is 1 in float32."""


@dataclass(frozen=True)
class Operator:
    """A recurrent operator of ONNX and its weights, without the axis of directions.

    Attributes:
        name: "LSTM", "GRU" or "RNN".
        w: (gates H, width) from the input.
        r: (gates H, H) from the state.
        b: (2 gates H,) the biases of both.
        peepholes: (3 H,) of an LSTM, for i, o and f; empty for none.
        attributes: of the operator.
    """

    name: str
    w: Array
    r: Array
    b: Array
    peepholes: Array = field(default_factory=lambda: np.empty(0))
    attributes: Mapping[str, Any] = field(default_factory=dict)


NamedVectors = Mapping[str, Array]
"""The vectors (H,) of a cell by their names."""


def _rnn(w: Array, r: Array, b: Array, vectors: NamedVectors, function: str = "Tanh") -> Operator:
    return Operator("RNN", w, r, np.concatenate([b, np.zeros_like(b)]), attributes={"activations": [function]})


def _rnn_relu(w: Array, r: Array, b: Array, vectors: NamedVectors) -> Operator:
    return _rnn(w, r, b, vectors, "Relu")


def _blocks(array: Array, order: list[int]) -> Array:
    """The blocks of H rows in another order."""
    parts = np.split(array, len(order))
    return np.concatenate([parts[place] for place in order])


def _lstm(w: Array, r: Array, b: Array, vectors: NamedVectors) -> Operator:
    w, r, b = (_blocks(array, [0, 3, 1, 2]) for array in (w, r, b))
    peepholes = [vectors[f"peephole_{gate}"] for gate in "iof"] if vectors else [np.empty(0)]
    return Operator("LSTM", w, r, np.concatenate([b, np.zeros_like(b)]), np.concatenate(peepholes))


def _gru(w: Array, r: Array, b: Array, vectors: NamedVectors) -> Operator:
    w, r, b = (_blocks(array, [1, 0, 2]) for array in (w, r, b))
    second = np.concatenate([np.zeros_like(b[: -len(vectors["bias_hn"])]), vectors["bias_hn"]])
    return Operator("GRU", w, r, np.concatenate([b, second]), attributes={"linear_before_reset": 1})


def _gru_lecture(w: Array, r: Array, b: Array, vectors: NamedVectors) -> Operator:
    w, r, b = (_blocks(array, [1, 0, 2]) for array in (w, r, b))
    for array in (w, r, b):
        array[: r.shape[1]] *= -1
    return Operator("GRU", w, r, np.concatenate([b, np.zeros_like(b)]))


def _leaky(w: Array, r: Array, b: Array, vectors: NamedVectors) -> Operator:
    w, r = (np.concatenate([np.zeros_like(array)] * 2 + [array]) for array in (w, r))
    first = np.concatenate([-vectors["rate"], np.full_like(b, OPEN), b])
    return Operator("GRU", w, r, np.concatenate([first, np.zeros_like(first)]), attributes={"linear_before_reset": 1})


OPERATORS: dict[str, Callable[[Array, Array, Array, NamedVectors], Operator]] = {
    "rnn": _rnn,
    "rnn-relu": _rnn_relu,
    "lstm": _lstm,
    "lstm-peephole": _lstm,
    "gru": _gru,
    "gru-lecture": _gru_lecture,
    "leaky": _leaky,
    "leaky-fixed": _leaky,
}
"""By the cell's name, from W_ih (G, width), W_hh (G, H), the bias (G,) and the cell's vectors."""


def operator_of(cell: str, w: Array, r: Array, b: Array, vectors: NamedVectors) -> Operator:
    """The operator of a layer of that cell.

    Raises:
        ConfigError: ONNX has no operator for it.
    """
    if cell not in OPERATORS:
        raise ConfigError(f"cell {cell} has no ONNX operator: choose one of {', '.join(OPERATORS)}, or another --to")
    return OPERATORS[cell](w, r, b, vectors)
