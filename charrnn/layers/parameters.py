"""Tensors as views of one flat vector.

The optimizer, the norm and a thread's share see one vector; the kernels see matrices. Each tensor starts on a 64-byte
boundary; the gaps are zero and stay zero.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import aligned_zeros, padded

Array = npt.NDArray[Any]
Shapes = Mapping[str, tuple[int, ...]]

EMBEDDING = "embedding.weight"
"""The embedding's name in every model that has one."""


class Parameters:
    """What a model learns, or the gradient of it.

    Attributes:
        config: what the model's shapes follow from.
        vector: (N,) all tensors.
        tensors: the views, by name.

    Args:
        config: the model's.
        shapes: of the tensors, by name.
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
        """A bias as a matrix of one row, the same memory."""
        return self.tensors[name][np.newaxis]

    @property
    def count(self) -> int:
        """Number of parameters, gaps not counted."""
        return sum(tensor.size for tensor in self.tensors.values())

    @property
    def decaying(self) -> list[Array]:
        """The tensors that weight decay is for: matrices, but not the embedding, which learns more without."""
        return [tensor for name, tensor in self.tensors.items() if tensor.ndim > 1 and name != EMBEDDING]

    def copy(self) -> "Parameters":
        """The same values in a vector of its own."""
        other = type(self)(self.config)  # type: ignore[call-arg]
        other.vector[:] = self.vector
        return other

    def initialise(self, rng_seed: int) -> "Parameters":
        """Fill with the values that training starts from; returns self."""
        raise NotImplementedError

    def load_tensors(self, tensors: Mapping[str, Array]) -> "Parameters":
        """Copy in what ``to_tensors`` gave; returns self.

        Raises:
            CheckpointError: a tensor is missing or has another shape.
        """
        raise NotImplementedError

    def to_tensors(self) -> dict[str, Array]:
        """Tensors under PyTorch's names and in its layouts."""
        raise NotImplementedError


def check_shapes(shapes: Shapes, tensors: Mapping[str, Array]) -> None:
    """See that a checkpoint's tensors are those that a config wants, before memory is taken for them.

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
