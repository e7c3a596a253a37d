"""Tensors as views of one flat vector.

The optimizer works on the vector, the layers on the tensors. Each tensor starts on a 64-byte boundary; the gaps between
tensors stay zero.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array, aligned_zeros, padded

Shapes = Mapping[str, tuple[int, ...]]

EMBEDDING = "embedding.weight"
"""Name of the embedding in all models."""

HEAD, HEAD_BIAS = "head.weight", "head.bias"
"""Names of the matrix and the bias of the output layer."""


class Parameters:
    """A model's parameters, or their gradient.

    Attributes:
        config: the model's config.
        vector: (N,) all tensors.
        tensors: views of the vector, by name.

    Args:
        config: the model's config.
        shapes: shape of each tensor, by name.
    """

    def __init__(self, config: Any, shapes: Shapes) -> None:
        self.config = config
        itemsize = config.dtype.itemsize
        sizes = [padded(math.prod(shape), itemsize) for shape in shapes.values()]
        self.vector = aligned_zeros(sum(sizes), config.dtype)
        self.tensors: dict[str, Array] = {}
        start = 0
        for (name, shape), size in zip(shapes.items(), sizes, strict=True):
            self.tensors[name] = self.vector[start : start + math.prod(shape)].reshape(shape)
            start += size

    def __getitem__(self, name: str) -> Array:
        return self.tensors[name]

    def row(self, name: str) -> Array:
        """A bias (N,) as a matrix (1, N) that shares its memory."""
        return self.tensors[name][np.newaxis]

    @property
    def count(self) -> int:
        """Number of parameters, without the gaps."""
        return sum(tensor.size for tensor in self.tensors.values())

    @property
    def decaying(self) -> list[Array]:
        """The tensors that weight decay applies to: matrices, except embeddings, which learn better without."""
        return [tensor for name, tensor in self.tensors.items() if tensor.ndim > 1 and not name.endswith(EMBEDDING)]

    def copy(self) -> "Parameters":
        """Copy the values to a new vector."""
        other = type(self)(self.config)  # type: ignore[call-arg]
        other.vector[:] = self.vector
        return other

    def initialise(self, rng_seed: int) -> "Parameters":
        """Fill with initial values; returns self."""
        raise NotImplementedError

    def load_tensors(self, tensors: Mapping[str, Array]) -> "Parameters":
        """Copy in tensors from ``to_tensors``; returns self.

        Raises:
            CheckpointError: a tensor is missing or has another shape.
        """
        raise NotImplementedError

    def copies_of(self, tensors: Mapping[str, Array], names: Iterable[str]) -> dict[str, Array]:
        """Copy the tensors called ``names``, which may be views of the vector, and then set the vector to zero.

        The gaps between tensors become zero, too: divergence may have made them NaN.
        """
        copies = {name: np.array(tensors[name]) for name in names}
        self.vector[:] = 0
        return copies

    def fill(self, tensors: Mapping[str, Array]) -> None:
        """Copy in those ``tensors`` whose name and shape match a tensor here."""
        for name, tensor in self.tensors.items():
            if name in tensors and tensors[name].shape == tensor.shape:
                tensor[:] = tensors[name]

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names and in its layouts."""
        raise NotImplementedError


def check_shapes(shapes: Shapes, tensors: Mapping[str, Array]) -> None:
    """Check a checkpoint's tensors against the shapes of a config, before memory is allocated.

    Raises:
        CheckpointError: a tensor is missing, has another shape, or does not hold floating-point numbers.
    """
    for name, shape in shapes.items():
        if name not in tensors:
            raise CheckpointError(f"the checkpoint has no tensor {name}: use another checkpoint")
        if tensors[name].shape != shape:
            got = tensors[name].shape
            raise CheckpointError(f"tensor {name} must have shape {shape}, not {got}: use another checkpoint")
        if tensors[name].dtype.kind != "f":
            held = tensors[name].dtype
            raise CheckpointError(f"tensor {name} must hold floating-point numbers, not {held}: use another checkpoint")
