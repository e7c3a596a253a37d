"""The interface of recurrent cells, and their lookup by name.

A layer computes, for t = 0 ... T-1,

    a[t] = W_ih x[t] + b                       (G = gates x H numbers per stream)
    u[t] = W_hh v[t]                           (v = h[t-1] in most cells)
    h[t], ... = cell(a[t], u[t], state[t-1])

The layer computes a for all t at once. A cell defines its equations for one step of one stream, ``step`` and
``step_back``; the time loop of all cells (``time_loop``) multiplies by W_hh between steps. ``step`` saves in the
activations what the backward pass needs, and ``step_back`` overwrites it with the gradients of a and u. Everything else
(the gradients of W_ih, W_hh and b, the layers, the loss) follows from these and is the same for all cells.

A cell's module may declare hyperparameters, which become options (see ``charrnn.hyperparameters``) and arguments of the
functions that return its initial values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.time_loop import backward_of, forward_of
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.packing import Packed
from charrnn.registry import find


def zeros(units: int, **_: float) -> FloatArray:
    """Return zeros (H,) as initial values; hyperparameters are ignored."""
    return np.zeros(units)


class Weights(NamedTuple):
    """The weights of a layer's time loop."""

    w_hh: tuple[Packed, ...]
    """Each product's rows of W_hh, packed: H x (gates H) for the forward pass, (gates H) x H for the backward pass."""
    vectors: FloatArray
    """(P, at least H): the cell's vectors, converted by their ``read_as``."""
    rows: npt.NDArray[np.int32]
    """(1, B): the number of each stream: the ``row_index`` of products that are added to an array of B rows."""


@dataclass(frozen=True)
class RecurrentProjection:
    """A product of some rows of W_hh.

    Attributes:
        gates: number of blocks of H rows; they follow the previous product's rows.
        operand: name of the array to multiply: a state (its value before the step) or a saved array.
        gradient: name of the array in whose first columns the backward pass leaves the product's gradient.
    """

    gates: int
    operand: str = "h"
    gradient: str = "gates"


@dataclass(frozen=True)
class CellParameter:
    """A vector parameter of a cell, with one number for each unit.

    Attributes:
        name: a short name; the tensor of layer l is called ``rnn.{name}_l{l}``.
        initial: ``initial(units, **hyperparameters)`` returns the initial values (H,).
        read_as: function that converts the values (H,) once for the time loop, instead of at each step.
        learned: whether the vector is trained.
        bias_of: the block of PyTorch's ``bias_hh`` that holds the vector in checkpoints; None for a tensor of its own.
    """

    name: str
    initial: Callable[..., FloatArray] = zeros
    read_as: Callable[[FloatArray], FloatArray] = np.asarray
    learned: bool = True
    bias_of: int | None = None


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Shapes: B streams, T steps, H units, G = ``gates`` x H, P vectors. Rows may be padded beyond H or G; the padding is
    never read. ``activations`` is a NamedTuple of arrays with these fields, in this order:

        gates     (T, B, G)    a, then the values that step_back needs, then the gradient of a
        *state    (T+1, B, H)  one array for each name in ``state``; row 0 is the state before the first step
        *saved    (T, B, H)    one array for each name in ``saved``

    The functions are ``inlined`` and process one stream ``b`` at one step ``t``. ``vectors`` (P, at least H) are the
    cell's vectors, converted by their ``read_as``.

    Attributes:
        gates: blocks of H rows in W_ih, W_hh and b.
        state: names of the arrays carried from step to step; the first is the output h.
        activations: the NamedTuple's class. Its name must be unique among cells, as Numba confuses types of one name.
        step: ``step(activations, t, b, vectors, units)``, called after the products: writes row t + 1 of the state.
        step_back: ``step_back(activations, t, b, vectors, d_h, d_state, d_vectors, units)``, called before the products
            of the backward pass. ``d_h[t + 1, b]`` is the gradient of the output, from above and from step t + 1. The
            function writes the gradients of a and of the products. To ``d_h[t, b]`` it adds the part of the gradient
            that does not flow through a product. It replaces ``d_state[n][0, b]``, the gradient of state n + 1 after
            the step, by the gradient before the step. To ``d_vectors[b]`` (P, at least H) it adds the vectors'
            gradient.
        initial_bias: ``initial_bias(units, **hyperparameters)`` returns the initial bias (G,).
        products: one or two products with W_hh; the first one's result is added to the first columns of a.
        begin: ``begin(activations, t, b, bias_row, vectors, units)``, called before the products; ``bias_row`` (G,) is
            a[t].
        between: like ``begin``, called between two products if the second one's operand depends on the first.
        between_back: ``between_back(activations, t, b, d_v, d_h_before, units)``: the backward pass of ``between``;
            ``d_v`` is the gradient of the second operand.
        vectors: the cell's vector parameters.
        saved: names of further arrays that the backward pass needs.
    """

    gates: int
    state: tuple[str, ...]
    activations: Callable[..., Any]
    step: Callable[..., None]
    step_back: Callable[..., None]
    initial_bias: Callable[..., FloatArray]
    products: tuple[RecurrentProjection, ...]
    begin: Callable[..., None] | None = None
    between: Callable[..., None] | None = None
    between_back: Callable[..., None] | None = None
    vectors: tuple[CellParameter, ...] = ()
    saved: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.products) not in (1, 2):
            raise ValueError(f"a cell must have one or two products, not {len(self.products)}")

    @property
    def forward(self) -> Callable[..., None]:
        """The compiled, ``addressable`` kernel that runs all steps of the streams first <= b < last.

        Called as ``forward(matmul, weights, activations, bias_rows, row_index, units, first, last)``. ``matmul`` is
        ``kernels.matmul.matmul`` by address; by name it would be compiled again with every cell.
        ``bias_rows[row_index[t, b]]`` is a[t] of stream b: ``bias_rows`` (N, G) is a layer's table or ``gates`` itself,
        ``row_index`` is (T, B) int32.
        """
        return forward_of(self.step, self.begin, self.between, self._places())

    @property
    def backward(self) -> Callable[..., None]:
        """The compiled, ``addressable`` kernel that runs all steps of the streams first <= b < last backwards.

        Called as ``backward(matmul, weights, activations, d_h, d_state, d_vectors, units, first, last)``. On entry, row
        t+1 of ``d_h`` (T+1, B, H) is the gradient of output t from above. On return, the gradient of the h before the
        first step has been added to row 0; the other rows are undefined. ``d_state`` is a tuple of (1, B, H), one for
        each state but h: the gradient after the last step on entry, before the first step on return. Each stream's
        gradient of the vectors is added to ``d_vectors`` (B, P, H).
        """
        return backward_of(self.step_back, self.between_back, self._places())

    def _places(self) -> tuple[tuple[int, int], ...]:
        """For each product, the indices of its operand and its gradient in the activations."""
        names = ("gates", *self.state, *self.saved)
        return tuple((names.index(each.operand), names.index(each.gradient)) for each in self.products)


@cache
def find_cell(name: str) -> Cell:
    """The cell with that name.

    Raises:
        ConfigError: no cell has that name.
    """
    cell: Cell = find("cells", "cell", name)
    return cell
