"""All parameters of a recurrent network.

Matrices are in PyTorch's layouts; all names and shapes live here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import find_cell
from charrnn.errors import CheckpointError
from charrnn.model.config import ModelConfig
from charrnn.model.tensors import EMBEDDING, Tensors, check_shapes

Array = npt.NDArray[Any]


class Parameters(Tensors):
    """A recurrent network's tensors. The same class holds a gradient.

    Names and shapes (G = gates x H, ``in`` = E, or V for one-hot input, or H above the first layer):

        embedding.weight    (V, E)    absent for one-hot input
        rnn.weight_ih_l{l}  (G, in)
        rnn.weight_hh_l{l}  (G, H)
        rnn.bias_l{l}       (G,)
        rnn.{name}_l{l}     (H,)      each of the cell's vectors
        initial.{name}_l{l} (H,)      each state before the first character, where it is learned
        head.weight         (V, H)    absent where the embedding is tied and takes its place
        head.bias           (V,)

    and with skip connections

        skip.weight_in_l{l}   (G, E) or (G, V)   from the input to each layer but the first
        skip.weight_out_l{l}  (V, H)             from each layer but the last to the output
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, tensor_shapes(config))

    def recurrent(self, layer: int) -> list[Array]:
        """The rows of a layer's W_hh that belong to each of the cell's products."""
        parts, rest = [], self[f"rnn.weight_hh_l{layer}"]
        for product in find_cell(self.config.cell).products:
            rows = product.gates * self.config.hidden_size
            parts.append(rest[:rows])
            rest = rest[rows:]
        return parts

    def vectors(self, layer: int) -> list[Array]:
        """The cell's vectors of a layer."""
        return [self[f"rnn.{vector.name}_l{layer}"] for vector in find_cell(self.config.cell).vectors]

    def initial_state(self, layer: int) -> list[Array]:
        """Each state of a layer before the first character, where it is learned; else none."""
        names = find_cell(self.config.cell).state if self.config.learn_initial_state else ()
        return [self[f"initial.{name}_l{layer}"] for name in names]

    def initialise(self, rng_seed: int) -> "Parameters":
        """Fill with the values that training starts from; returns self.

        Matrices are uniform in +-1/sqrt(H) (PyTorch's choice), W_hh orthogonal in each gate if the config says so;
        the embedding starts as the identity where it is square, so that training starts from one-hot input, unless
        it is tied. The cell knows its biases and vectors; all else is zero.
        """
        config, random, cell = self.config, np.random.default_rng(rng_seed), find_cell(self.config.cell)
        bound = config.hidden_size**-0.5
        own = {"bias": cell.initial_bias} | {vector.name: vector.initial for vector in cell.vectors}
        for name, tensor in self.tensors.items():
            if name == EMBEDDING:
                square = tensor.shape[0] == tensor.shape[1] and not config.tie_embedding
                tensor[:] = np.eye(*tensor.shape) if square else random.normal(0, tensor.shape[1] ** -0.5, tensor.shape)
            elif "weight_hh" in name and config.recurrent_init == "orthogonal":
                for gate in np.split(tensor, cell.gates):
                    gate[:] = orthogonal(random, config.hidden_size)
            elif "weight" in name:
                tensor[:] = random.uniform(-bound, bound, tensor.shape)
            elif name.startswith("rnn."):
                tensor[:] = own[name.removeprefix("rnn.").rpartition("_l")[0]](config.hidden_size)
            else:
                tensor[:] = 0
        return self

    def to_tensors(self) -> dict[str, Array]:
        """Tensors under PyTorch's names; the one bias of a layer becomes PyTorch's two.

        The second is zero, but for the cell's vectors that are part of it.
        """
        result = dict(self.tensors)
        for layer in range(self.config.num_layers):
            result[f"rnn.bias_ih_l{layer}"] = bias = result.pop(f"rnn.bias_l{layer}")
            result[f"rnn.bias_hh_l{layer}"] = second = np.zeros_like(bias)
            for name, rows in parts_of_bias(self.config, layer):
                second[rows] = result.pop(name)
        return result

    def load_tensors(self, tensors: Mapping[str, Array]) -> "Parameters":
        """Copy in tensors under PyTorch's names; returns self.

        Raises:
            CheckpointError: a tensor is missing or has another shape.
        """
        check_fit(self.config, tensors)
        tensors = {name: np.array(tensors[name]) for name in torch_shapes(self.config)}  # may be views of the vector
        self.vector[:] = 0  # the gaps too: a run that diverged may have ruined them
        for name, tensor in self.tensors.items():
            if name in tensors:
                tensor[:] = tensors[name]
        for layer in range(self.config.num_layers):
            second = tensors[f"rnn.bias_hh_l{layer}"]
            for name, rows in parts_of_bias(self.config, layer):
                self[name][:] = second[rows]
                second[rows] = 0
            self[f"rnn.bias_l{layer}"][:] = tensors[f"rnn.bias_ih_l{layer}"] + second
        return self


def check_fit(config: ModelConfig, tensors: Mapping[str, Array]) -> None:
    """See that tensors under PyTorch's names are those of a config, before memory is taken for them.

    Raises:
        CheckpointError: a tensor is missing, has another shape, or does not hold floating-point numbers.
    """
    if config.num_layers > len(tensors):
        raise CheckpointError(f"the checkpoint has {len(tensors)} tensors, too few for {config.num_layers} layers")
    check_shapes(torch_shapes(config), tensors)


def torch_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor under PyTorch's names."""
    shapes = tensor_shapes(config)
    for layer in range(config.num_layers):
        shape = shapes.pop(f"rnn.bias_l{layer}")
        shapes |= {f"rnn.bias_ih_l{layer}": shape, f"rnn.bias_hh_l{layer}": shape}
        for name, _ in parts_of_bias(config, layer):
            del shapes[name]
    return shapes


def parts_of_bias(config: ModelConfig, layer: int) -> Iterator[tuple[str, slice]]:
    """The tensors that are part of PyTorch's second bias, and where they are in it."""
    H = config.hidden_size
    for vector in find_cell(config.cell).vectors:
        if vector.bias_of is not None:
            yield f"rnn.{vector.name}_l{layer}", slice(vector.bias_of * H, (vector.bias_of + 1) * H)


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    V, E, H, G = config.vocab_size, config.embedding_size, config.hidden_size, config.gate_width
    cell = find_cell(config.cell)
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (V, E)} if E else {}
    for layer in range(config.num_layers):
        if layer:
            shapes[f"rnn.weight_ih_l{layer}"] = (G, H)
        if layer in config.input_layers:
            shapes[input_weight(layer)] = (G, E or V)
        shapes[f"rnn.weight_hh_l{layer}"] = (G, H)
        shapes[f"rnn.bias_l{layer}"] = (G,)
        shapes |= {f"rnn.{vector.name}_l{layer}": (H,) for vector in cell.vectors}
        if config.learn_initial_state:
            shapes |= {f"initial.{name}_l{layer}": (H,) for name in cell.state}
    shapes |= {output_weight(config, layer): (V, H) for layer in config.output_layers}
    return shapes | {"head.bias": (V,)}


def input_weight(layer: int) -> str:
    """Name of the matrix from the input to a layer."""
    return f"skip.weight_in_l{layer}" if layer else "rnn.weight_ih_l0"


def output_weight(config: ModelConfig, layer: int) -> str:
    """Name of the matrix from a layer to the output."""
    if layer < config.num_layers - 1:
        return f"skip.weight_out_l{layer}"
    return EMBEDDING if config.tie_embedding else "head.weight"


def orthogonal(random: np.random.Generator, size: int) -> Array:
    """A random orthogonal matrix (size, size), uniformly distributed (Saxe, McClelland and Ganguli 2014)."""
    q, r = np.linalg.qr(random.normal(size=(size, size)))
    signed: Array = q * np.sign(np.diag(r))
    return signed
