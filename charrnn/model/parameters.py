"""All parameters as one flat vector, with a named view for each tensor.

The optimizer, the norm and a thread's share see one vector; the kernels see matrices in PyTorch's layouts. All offsets
live here. Each tensor starts on a 64-byte boundary; the gaps are zero and stay zero.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import find_cell
from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.model.config import ModelConfig

Array = npt.NDArray[Any]


class Parameters:
    """A model's tensors. The same class holds a gradient.

    Names and shapes (G = gates x H, ``in`` = E, or V for one-hot input, or H above the first layer):

        embedding.weight    (V, E)    absent for one-hot input
        rnn.weight_ih_l{l}  (G, in)
        rnn.weight_hh_l{l}  (G, H)
        rnn.bias_l{l}       (G,)
        head.weight         (V, H)
        head.bias           (V,)

    Attributes:
        config: the model's config.
        vector: (N,) all tensors.
        tensors: the views, by name.
    """

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        shapes = tensor_shapes(config)
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

    def initialise(self, rng_seed: int) -> "Parameters":
        """Fill with the values that training starts from; returns self.

        Matrices are uniform in +-1/sqrt(H) (PyTorch's choice), W_hh orthogonal in each gate if the config says so;
        the embedding starts as the identity where it is square, so that training starts from one-hot input.
        """
        config, random = self.config, np.random.default_rng(rng_seed)
        bound = config.hidden_size**-0.5
        for name, tensor in self.tensors.items():
            if name == "embedding.weight":
                square = tensor.shape[0] == tensor.shape[1]
                tensor[:] = np.eye(*tensor.shape) if square else random.normal(0, tensor.shape[1] ** -0.5, tensor.shape)
            elif "weight_hh" in name and config.recurrent_init == "orthogonal":
                for gate in np.split(tensor, find_cell(config.cell).gates):
                    gate[:] = orthogonal(random, config.hidden_size)
            elif "weight" in name:
                tensor[:] = random.uniform(-bound, bound, tensor.shape)
            elif name == "head.bias":
                tensor[:] = 0
            else:
                tensor[:] = find_cell(config.cell).initial_bias(config.hidden_size)
        return self

    def to_tensors(self) -> dict[str, Array]:
        """Tensors under PyTorch's names; the one bias of a layer becomes PyTorch's two."""
        result = {}
        for name, tensor in self.tensors.items():
            first, *others = torch_names(name)
            result[first] = tensor
            result |= {other: np.zeros_like(tensor) for other in others}
        return result

    def load_tensors(self, tensors: Mapping[str, Array]) -> "Parameters":
        """Copy in tensors under PyTorch's names; returns self.

        Raises:
            CheckpointError: a tensor is missing or has another shape.
        """
        check_fit(self.config, tensors)
        self.vector[:] = 0  # the gaps too: a run that diverged may have ruined them
        for name, tensor in self.tensors.items():
            tensor[:] = sum(tensors[part] for part in torch_names(name))
        return self


def check_fit(config: ModelConfig, tensors: Mapping[str, Array]) -> None:
    """See that tensors under PyTorch's names are those of a config, before memory is taken for them.

    Raises:
        CheckpointError: a tensor is missing, has another shape, or does not hold floating-point numbers.
    """
    if config.num_layers > len(tensors):
        raise CheckpointError(f"the checkpoint has {len(tensors)} tensors, too few for {config.num_layers} layers")
    for name, shape in tensor_shapes(config).items():
        for part in torch_names(name):
            if part not in tensors:
                raise CheckpointError(f"the checkpoint has no tensor {part}: it does not fit its own config")
            if tensors[part].shape != shape:
                raise CheckpointError(f"tensor {part} has shape {tensors[part].shape}, but the config wants {shape}")
            if tensors[part].dtype.kind != "f":
                raise CheckpointError(f"tensor {part} holds {tensors[part].dtype}, but the config wants numbers")


def torch_names(name: str) -> tuple[str, ...]:
    """Names of PyTorch's tensors whose sum is a tensor of ours: the one bias of a layer is PyTorch's two."""
    if "rnn.bias_l" in name:
        return name.replace("bias", "bias_ih"), name.replace("bias", "bias_hh")
    return (name,)


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    V, E, H, G = config.vocab_size, config.embedding_size, config.hidden_size, config.gate_width
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (V, E)} if E else {}
    for layer in range(config.num_layers):
        width = H if layer else E or V
        shapes[f"rnn.weight_ih_l{layer}"] = (G, width)
        shapes[f"rnn.weight_hh_l{layer}"] = (G, H)
        shapes[f"rnn.bias_l{layer}"] = (G,)
    return shapes | {"head.weight": (V, H), "head.bias": (V,)}


def orthogonal(random: np.random.Generator, size: int) -> Array:
    """A random orthogonal matrix (size, size), uniformly distributed (Saxe, McClelland and Ganguli 2014)."""
    q, r = np.linalg.qr(random.normal(size=(size, size)))
    signed: Array = q * np.sign(np.diag(r))
    return signed
