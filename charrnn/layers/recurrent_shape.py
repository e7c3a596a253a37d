"""The tensors of a recurrent stack: names, shapes, initial values, and PyTorch's layout.

G = gates x H, and ``in`` is the width of the input:

    rnn.weight_ih_l{l}   (G, in)   (G, H) above the first layer
    rnn.weight_hh_l{l}   (G, H)
    rnn.bias_l{l}        (G,)
    rnn.{name}_l{l}      (H,)      each of the cell's vectors
    initial.{name}_l{l}  (H,)      each state before the first step, if learned
    skip.weight_in_l{l}  (G, in)   from the input to each layer but the first, with skip connections
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.cells.contract import Cell, find_cell
from charrnn.kernels.arrays import Array
from charrnn.layers.parameters import Parameters


@dataclass(frozen=True)
class StackShape:
    """The shape of a stack of L layers of H units.

    Attributes:
        cell_name: name of the recurrent cell.
        units: H.
        layers: L.
        width: width of the input.
        dropout: probability of a zero in each layer's output, in training.
        dtype: type of the arrays.
        packed_dtype: type of packed factors.
        skip_connections: whether the input reaches all layers, and all layers the output (Graves 2013).
        learn_initial_state: whether the state before the first step is learned; else it is zero.
        restart_id: input id at which a stream restarts from the initial state; -1 for none.
        hyperparameters: the cell's hyperparameters that differ from its defaults.
        prefix: first part of the tensors' names.
        initial_prefix: first part of the names of learned initial states.
        suffix: last part of all names, such as "_reverse".
        first_layer: number of the first layer in the names.
        dense: whether the first layer reads vectors, which another layer multiplies by their weights, instead of ids.
    """

    cell_name: str
    units: int
    layers: int
    width: int
    dropout: float
    dtype: np.dtype[Any]
    packed_dtype: np.dtype[Any]
    skip_connections: bool = False
    learn_initial_state: bool = False
    restart_id: int = -1
    hyperparameters: tuple[tuple[str, float], ...] = ()
    prefix: str = "rnn"
    initial_prefix: str = "initial"
    suffix: str = ""
    first_layer: int = 0
    dense: bool = False

    @property
    def cell(self) -> Cell:
        """The recurrent cell."""
        return find_cell(self.cell_name)

    @property
    def gate_width(self) -> int:
        """G, the total width of a layer's gates."""
        return self.cell.gates * self.units

    @property
    def input_layers(self) -> range:
        """The layers that the input reaches: the first, or all."""
        if self.dense:
            return range(0)
        return range(self.layers if self.skip_connections else 1)

    @property
    def output_layers(self) -> range:
        """The layers that reach the output: the last, or all with skip connections."""
        return range(0 if self.skip_connections else self.layers - 1, self.layers)

    @property
    def input_weights(self) -> list[str]:
        """Names of the matrices from the input."""
        return [f"skip.weight_in_l{layer}" if layer else self.named("weight_ih", 0) for layer in self.input_layers]

    def named(self, tensor: str, layer: int) -> str:
        """Full name of a layer's tensor, such as rnn.bias_l0."""
        return f"{self.prefix}.{tensor}_l{layer + self.first_layer}{self.suffix}"

    def named_initial(self, state: str, layer: int) -> str:
        """Name of a layer's learned initial state."""
        return f"{self.initial_prefix}.{state}_l{layer + self.first_layer}{self.suffix}"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor, in the order of the flat vector."""
        H, G = self.units, self.gate_width
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            if layer:
                shapes[self.named("weight_ih", layer)] = (G, H)
            if layer in self.input_layers:
                shapes[self.input_weights[layer]] = (G, self.width)
            shapes[self.named("weight_hh", layer)] = (G, H)
            shapes[self.named("bias", layer)] = (G,)
            shapes |= {self.named(vector.name, layer): (H,) for vector in self.cell.vectors}
            if self.learn_initial_state:
                shapes |= {self.named_initial(name, layer): (H,) for name in self.cell.state}
        return shapes

    def recurrent(self, parameters: Parameters, layer: int) -> list[Array]:
        """The rows of a layer's W_hh that belong to each of the cell's products."""
        parts, rest = [], parameters[self.named("weight_hh", layer)]
        for product in self.cell.products:
            rows = product.gates * self.units
            parts.append(rest[:rows])
            rest = rest[rows:]
        return parts

    def vectors(self, parameters: Parameters, layer: int) -> list[Array]:
        """The tensors of a layer that belong to the cell's vectors."""
        return [parameters[self.named(vector.name, layer)] for vector in self.cell.vectors]

    def initial_state(self, parameters: Parameters, layer: int) -> list[Array]:
        """A layer's learned initial states (H,); empty if they are not learned."""
        names = self.cell.state if self.learn_initial_state else ()
        return [parameters[self.named_initial(name, layer)] for name in names]

    def initialise(self, parameters: Parameters, random: np.random.Generator, *, orthogonal: bool) -> None:
        """Fill the parameters with initial values.

        Matrices are uniform in +-1/sqrt(H), as in PyTorch; with ``orthogonal``, each gate's part of W_hh is orthogonal.
        Biases and vectors are the cell's initial values; the initial state is zero.
        """
        cell, given = self.cell, dict(self.hyperparameters)
        own = {self.named("bias", layer): cell.initial_bias for layer in range(self.layers)}
        own |= {self.named(each.name, layer): each.initial for each in cell.vectors for layer in range(self.layers)}
        for name in self.shapes():
            tensor = parameters[name]
            if "weight_hh" in name and orthogonal:
                for gate in np.split(tensor, self.cell.gates):
                    gate[:] = random_orthogonal(random, self.units)
            elif "weight" in name:
                tensor[:] = uniform_weights(random, tensor.shape, self.units)
            elif name in own:
                tensor[:] = own[name](self.units, **given) if given else own[name](self.units)
            else:
                tensor[:] = 0

    def to_torch(self, tensors: dict[str, Array]) -> None:
        """Rename tensors as in PyTorch, in place: a layer's bias becomes two.

        The second bias holds the cell's vectors that belong to it, and is zero elsewhere.
        """
        for layer in range(self.layers):
            tensors[self.named("bias_ih", layer)] = bias = tensors.pop(self.named("bias", layer))
            tensors[self.named("bias_hh", layer)] = second = np.zeros_like(bias)
            for name, rows in self._parts_of_bias(layer):
                second[rows] = tensors.pop(name)

    def from_torch(self, tensors: Mapping[str, Array], parameters: Parameters) -> None:
        """Set the biases from the tensors of ``to_torch``, which are overwritten."""
        for layer in range(self.layers):
            second = tensors[self.named("bias_hh", layer)]
            for name, rows in self._parts_of_bias(layer):
                parameters[name][:] = second[rows]
                second[rows] = 0
            parameters[self.named("bias", layer)][:] = tensors[self.named("bias_ih", layer)] + second

    def torch_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor under PyTorch's names."""
        shapes = self.shapes()
        for layer in range(self.layers):
            shape = shapes.pop(self.named("bias", layer))
            shapes |= {self.named("bias_ih", layer): shape, self.named("bias_hh", layer): shape}
            for name, _ in self._parts_of_bias(layer):
                del shapes[name]
        return shapes

    def _parts_of_bias(self, layer: int) -> Iterator[tuple[str, slice]]:
        """Names of the vectors that belong to PyTorch's second bias, and their rows in it."""
        H = self.units
        for vector in self.cell.vectors:
            if vector.bias_of is not None:
                yield self.named(vector.name, layer), slice(vector.bias_of * H, (vector.bias_of + 1) * H)


def uniform_weights(random: np.random.Generator, shape: tuple[int, ...], units: int) -> Array:
    """Random weights, uniform in +-1/sqrt(H), as PyTorch initialises them for H ``units``."""
    bound = units**-0.5
    return random.uniform(-bound, bound, shape)


def random_orthogonal(random: np.random.Generator, size: int) -> Array:
    """A random orthogonal matrix (size, size), uniformly distributed (Saxe, McClelland and Ganguli 2014)."""
    q, r = np.linalg.qr(random.normal(size=(size, size)))
    signed: Array = q * np.sign(np.diag(r))
    return signed
