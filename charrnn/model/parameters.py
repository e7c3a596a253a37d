"""All parameters of a recurrent network."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import find_cell
from charrnn.model.config import ModelConfig
from charrnn.model.tensors import Tensors, checked

Array = npt.NDArray[Any]


class Parameters(Tensors):
    """A recurrent network's tensors. The same class holds a gradient.

    Names and shapes (G = gates x H, ``in`` = E, or V for one-hot input, or H above the first layer):

        embedding.weight    (V, E)    absent for one-hot input
        rnn.weight_ih_l{l}  (G, in)
        rnn.weight_hh_l{l}  (G, H)
        rnn.bias_l{l}       (G,)
        head.weight         (V, H)
        head.bias           (V,)
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, tensor_shapes(config))

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
            if "rnn.bias_l" in name:
                result[name.replace("bias", "bias_ih")] = tensor
                result[name.replace("bias", "bias_hh")] = np.zeros_like(tensor)
            else:
                result[name] = tensor
        return result

    def load_tensors(self, tensors: Mapping[str, Array]) -> "Parameters":
        """Copy in tensors under PyTorch's names; returns self.

        Raises:
            CheckpointError: a tensor is missing or has another shape.
        """
        for name, tensor in self.tensors.items():
            parts = [name]
            if "rnn.bias_l" in name:
                parts = [name.replace("bias", "bias_ih"), name.replace("bias", "bias_hh")]
            tensor[:] = sum(checked(tensors, part, tensor.shape) for part in parts)
        return self


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
