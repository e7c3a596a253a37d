"""The memory that networks take in training: what is sure to be needed at once, while a checkpoint is saved."""

import math
from abc import abstractmethod
from collections.abc import Mapping

from charrnn.kernels.arrays import padded, row_stride
from charrnn.kinds.config import NetworkConfig
from charrnn.kinds.kind import Cost
from charrnn.layers.parameters import EMBEDDING

SAVING = 2
"""Copies that the safetensors library makes of what it saves."""


class NetworkCost(Cost):
    """The cost of a network that reads tables of embedded characters.

    Args:
        config: the model's.
    """

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of the tensors, by name."""

    @property
    @abstractmethod
    def input_weights(self) -> list[str]:
        """Names of the matrices that the input is multiplied by."""

    @property
    @abstractmethod
    def table_width(self) -> int:
        """Columns of each table."""

    @property
    def is_tied(self) -> bool:
        """Whether the embedding is the output's matrix, too."""
        return False

    def weight_bytes(self, states: int) -> int:
        """See ``Cost``: parameters, gradient, optimizer's state, good state, packed matrices and tables."""
        config, shapes = self.config, self.shapes
        itemsize = config.dtype.itemsize
        learned = itemsize * sum(padded(math.prod(shape), itemsize) for shape in shapes.values())
        # A one-hot input has no product: its matrix becomes a table.
        unpacked = {"" if self.is_tied else EMBEDDING, *([] if config.embedding_size else self.input_weights)}
        matrices = sum(math.prod(shape) for name, shape in shapes.items() if len(shape) > 1 and name not in unpacked)
        packed = 2 * matrices * (2 if config.precision == "bf16" else itemsize)
        tables = 2 * len(self.input_weights) * config.vocab_size * padded(self.table_width, itemsize) * itemsize
        copies = 2 + states + (1 + SAVING) * (1 + states)
        return copies * learned + packed + tables

    def stride(self, columns: int) -> int:
        """Numbers that a row of so many columns takes."""
        return row_stride(columns, self.config.dtype.itemsize)
