"""The peak memory that training a network needs, which is reached while a checkpoint is saved."""

import math
from abc import abstractmethod
from collections.abc import Mapping

from charrnn.kernels.arrays import padded, row_stride
from charrnn.kinds.config import NetworkConfig
from charrnn.kinds.kind import Cost
from charrnn.layers.parameters import EMBEDDING

SAVING = 2
"""Number of copies that the safetensors library makes of saved tensors."""


class NetworkCost(Cost):
    """The cost of a network that reads its characters from input tables.

    Args:
        config: the model's config.
    """

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name."""

    @property
    @abstractmethod
    def input_weights(self) -> list[str]:
        """Names of the matrices that multiply the input."""

    @property
    @abstractmethod
    def table_width(self) -> int:
        """Columns of each input table."""

    @property
    def is_tied(self) -> bool:
        """Whether the embedding is also the output matrix."""
        return False

    def weight_bytes(self, states: int) -> int:
        """Bytes of all arrays whose size does not depend on the batch.

        These are the parameters, their gradient, the optimizer state, the last good copy, the copies made while saving,
        the packed matrices and the input tables.
        """
        config, shapes = self.config, self.shapes
        itemsize = config.dtype.itemsize
        learned = itemsize * sum(padded(math.prod(shape), itemsize) for shape in shapes.values())
        # With one-hot input, no product reads the input matrix: it becomes a table.
        unpacked = {"" if self.is_tied else EMBEDDING, *([] if config.embedding_size else self.input_weights)}
        matrices = sum(math.prod(shape) for name, shape in shapes.items() if len(shape) > 1 and name not in unpacked)
        packed = 2 * matrices * (2 if config.precision == "bf16" else itemsize)
        tables = 2 * len(self.input_weights) * config.vocab_size * padded(self.table_width, itemsize) * itemsize
        copies = 2 + states + (1 + SAVING) * (1 + states)
        return copies * learned + packed + tables

    def stride(self, columns: int) -> int:
        """Padded length, in numbers, of a row of ``columns`` numbers."""
        return row_stride(columns, self.config.dtype.itemsize)
