"""A model as JSON and bytes, as the engine of pages reads them."""

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from charrnn.cells.contract import find_cell
from charrnn.errors import ConfigError
from charrnn.kernels.arrays import Array
from charrnn.kinds.portable import Portable
from charrnn.text.documents import Separators
from charrnn.text.vocabulary import Vocabulary

PAGE_PRECISIONS = ("int8", "float32")

PORTABLE_CELLS = ("gru", "gru-lecture", "leaky", "leaky-fixed", "lstm", "lstm-peephole", "rnn", "rnn-relu")
"""The cells whose equations are in ``engine/cells.js``."""

LARGEST_INT8 = 127


class PackedModel(NamedTuple):
    """A model for the engine."""

    description: dict[str, Any]
    """JSON values: ``vocabulary``, ``network``, ``labels``, and ``layout`` (name, shape and "is int8" of tensors)."""
    weights: bytes
    """The tensors in the order of the layout, little-endian, each padded to a multiple of four bytes."""

    @property
    def as_base64(self) -> str:
        """The weights as text."""
        return base64.b64encode(self.weights).decode()


def pack_model(portable: Portable, vocabulary: Vocabulary, precision: str) -> PackedModel:
    """Pack a model.

    Args:
        portable: the model.
        vocabulary: its characters.
        precision: "float32", or "int8" to store matrices as integers of 8 bits with a scale for each row.

    Raises:
        ConfigError: the precision is unknown, or the engine lacks the model's cell.
    """
    if precision not in PAGE_PRECISIONS:
        raise ConfigError(f"precision must be one of {', '.join(PAGE_PRECISIONS)}, not {precision!r}")
    if portable.cell and portable.cell not in PORTABLE_CELLS:
        raise ConfigError(
            f"the cell must be one of {', '.join(PORTABLE_CELLS)} to run in JavaScript, not {portable.cell!r}: "
            "use charrnn sample"
        )
    layout, weights = pack_tensors(as_equations_read(portable), is_small=precision == "int8")
    description = {
        "vocabulary": described(vocabulary),
        "network": {"engine": portable.engine, "cell": portable.cell, **portable.config},
        "labels": list(portable.labels),
        "layout": layout,
    }
    return PackedModel(description, weights)


def as_equations_read(portable: Portable) -> dict[str, Array]:
    """The tensors, with the cell's vectors as its equations read them."""
    tensors = dict(portable.tensors)
    for vector in find_cell(portable.cell).vectors if portable.cell else ():
        for name, tensor in portable.tensors.items():
            if re.search(rf"\.{vector.name}_l\d", name):
                tensors[name] = vector.read_as(tensor)
    return tensors


def described(vocabulary: Vocabulary) -> dict[str, Any]:
    """A vocabulary for the engine's class of that name."""
    separators = None
    if vocabulary.documents:
        known = Separators.of(vocabulary.documents, vocabulary.unit)
        separators = [*known.usual, *(text for text in known.of_returns if text not in known.usual)]
    return {"symbols": vocabulary.characters, "unit": vocabulary.unit, "separators": separators}


def pack_tensors(tensors: Mapping[str, Array], *, is_small: bool) -> tuple[list[Any], bytes]:
    """The layout and the bytes of tensors, those of matrices as integers of 8 bits if ``is_small``."""
    layout: list[Any] = []
    pieces: list[bytes] = []
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor, "<f4")
        rounded = is_small and array.ndim > 1
        layout.append([name, list(array.shape), rounded])
        if rounded:
            scales = np.maximum(np.abs(array).max(axis=1), np.finfo(np.float32).tiny) / LARGEST_INT8
            pieces.append(scales.astype("<f4").tobytes())
            array = np.rint(array / scales[:, np.newaxis]).astype(np.int8)
        piece = array.tobytes()
        pieces.append(piece + bytes(-len(piece) % 4))
    return layout, b"".join(pieces)
