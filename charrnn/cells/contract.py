"""What a recurrent cell provides, and how to find one by name.

A layer computes, for t = 0 ... T-1,

    a[t] = W_ih x[t] + b                       (G = gates x H numbers a stream)
    u[t] = W_hh v[t]                           (v = h[t-1], as a rule)
    h[t], ... = cell(a[t], u[t], state[t-1])

The network has a for all t. A cell gives its equations for one step of one stream, ``step`` and ``step_back``; the time
loop that all cells share (``time_loop``) makes the products with W_hh around them. ``step`` saves in the activations
what is needed on the way back, and there ``step_back`` puts the gradients of a and u in its place. Everything else (the
gradients of W_ih, W_hh and b, the layers, the loss) follows from those and is the same for all cells.

A cell's module may declare hyperparameters, which become options (see ``charrnn.hyperparameters``): its initial values
are functions of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells.time_loop import backward_of, forward_of
from charrnn.kernels.packing import Packed
from charrnn.registry import find

Array = npt.NDArray[np.floating]


def zeros(units: int, **_: float) -> Array:
    """Zeros to start from, whatever the hyperparameters."""
    return np.zeros(units)


class Weights(NamedTuple):
    """What a layer's time loop reads."""

    w_hh: tuple[Packed, ...]
    """For each product its rows of W_hh, packed: on the way forward H x (gates H), on the way back (gates H) x H."""
    vectors: Array
    """(P, at least H): the cell's vectors, each as its ``read_as`` gives it."""
    rows: npt.NDArray[np.int32]
    """(1, B): the number of each stream, for products that are added to what is there: these rows to start from."""


@dataclass(frozen=True)
class RecurrentProjection:
    """Some rows of W_hh and what they multiply.

    Attributes:
        gates: blocks of H rows; each product takes those that follow the rows of the product before.
        operand: name of the array that is multiplied: a state, as it was before each step, or a saved one.
        gradient: name of the array whose first columns backward makes the gradient of the product.
    """

    gates: int
    operand: str = "h"
    gradient: str = "gates"


@dataclass(frozen=True)
class CellParameter:
    """A parameter of the cell's own: a number for each unit.

    Attributes:
        name: short; the tensor of layer l is called ``rnn.{name}_l{l}``.
        initial: ``initial(units, **hyperparameters)`` gives the values (H,) to start from.
        read_as: what the time loop reads of the values (H,), so that it need not compute it again at each step.
        learned: whether it gets a gradient.
        bias_of: the block of PyTorch's ``bias_hh`` that it is in a checkpoint; None where it is a tensor of its own.
    """

    name: str
    initial: Callable[..., Array] = zeros
    read_as: Callable[[Array], Array] = np.asarray
    learned: bool = True
    bias_of: int | None = None


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Shapes: B streams, T steps, H units, G = ``gates`` x H, P vectors. Rows may be longer than H or G (padding); what
    lies beyond is never read. ``activations`` is a NamedTuple of arrays with these fields, in this order:

        gates     (T, B, G)    a, then what step_back needs of it, then its gradient
        *state    (T+1, B, H)  one array for each name in ``state``; row 0 is the state handed in
        *saved    (T, B, H)    one array for each name in ``saved``

    The functions are ``inlined`` and see one stream ``b`` at one step ``t``; ``vectors`` are (P, at least H), the
    cell's vectors as the time loop reads them.

    Attributes:
        gates: blocks of H rows in W_ih, W_hh and b.
        state: names of the arrays carried from step to step; the first is the output h.
        activations: the NamedTuple. No other cell's has its name: Numba mixes up functions of types of one name.
        step: ``step(activations, t, b, vectors, units)``, after the products: writes row t + 1 of the state.
        step_back: ``step_back(activations, t, b, vectors, d_h, d_state, d_vectors, units)``, before the products: from
            ``d_h[t + 1, b]``, the gradient of the output (from above and from the next step), the gradients of a and
            of the products. What of the gradient of h before the step passes no product is added to ``d_h[t, b]``.
            ``d_state[n][0, b]`` is the gradient of state n + 1 after the step, and becomes that before it. To
            ``d_vectors[b]`` (P, at least H) the gradient of the vectors is added.
        initial_bias: ``initial_bias(units, **hyperparameters)`` gives the bias (G,) to start from.
        products: of W_hh, one or two; the first one's gradient is that of the first columns of a.
        begin: ``begin(activations, t, b, bias_row, vectors, units)``, before the products; ``bias_row`` (G,) is a.
        between: the same between two products, where the second one's operand is made from the first.
        between_back: ``between_back(activations, t, b, d_v, d_h_before, units)``, given the gradient of that operand.
        vectors: parameters of the cell's own.
        saved: names of further arrays that backward needs.
    """

    gates: int
    state: tuple[str, ...]
    activations: Callable[..., Any]
    step: Callable[..., None]
    step_back: Callable[..., None]
    initial_bias: Callable[..., Array]
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
        """All steps of streams first <= b < last, compiled and ``addressable``.

        ``forward(matmul, weights, activations, bias_rows, row_index, units, first, last)``: ``matmul`` is
        ``kernels.matmul.matmul`` by its address: called by its name, it would be compiled again with every cell.
        ``bias_rows[row_index[t, b]]`` is a[t] of stream b: ``bias_rows`` (N, G) is a layer's table or ``gates`` itself,
        ``row_index`` is (T, B) int32.
        """
        return forward_of(self.step, self.begin, self.between, self._places())

    @property
    def backward(self) -> Callable[..., None]:
        """All steps of streams first <= b < last backwards, compiled and ``addressable``.

        ``backward(matmul, weights, activations, d_h, d_state, d_vectors, units, first, last)``: ``d_h`` (T+1, B, H): on
        entry, row t+1 is the gradient of output t from above; on return, that of the h handed in has been added to row
        0, and the other rows hold anything. ``d_state`` is a tuple of (1, B, H), one for each further state: the
        gradient of the last one on entry, of the first on return. ``d_vectors`` (B, P, H): each stream's gradient of
        the vectors is added.
        """
        return backward_of(self.step_back, self.between_back, self._places())

    def _places(self) -> tuple[tuple[int, int], ...]:
        """For each product, its operand and its result as indices into the activations."""
        names = ("gates", *self.state, *self.saved)
        return tuple((names.index(each.operand), names.index(each.gradient)) for each in self.products)


@cache
def find_cell(name: str) -> Cell:
    """The cell of that name.

    Raises:
        ConfigError: there is none.
    """
    cell: Cell = find("cells", "cell", name)
    return cell
