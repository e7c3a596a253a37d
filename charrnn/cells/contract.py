"""What a recurrent cell provides, and how to find one by name.

A layer computes, for t = 0 ... T-1,

    a[t] = W_ih x[t] + b + W_hh h[t-1]        (G = gates x H numbers a stream)
    h[t], ... = cell(a[t], state[t-1])

The network does W_ih x + b for all t at once and leaves it in ``gates``. The cell owns the time loop: it adds W_hh h,
applies its equations, and on the way back turns ``gates`` into the gradient of a. Everything else (the gradients of
W_ih, W_hh and b, the layers, the loss) follows from that gradient and is the same for all cells.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from charrnn.registry import find, names_in


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Shapes: B streams, T steps, H units, G = ``gates`` x H. Rows may be longer than H or G (padding); what lies beyond
    is never read. ``trace`` is a NamedTuple of arrays with these fields, in this order:

        gates     (T, B, G)    in forward: W_ih x + b, replaced by what backward needs; in backward: replaced by d a
        *state    (T+1, B, H)  one array for each name in ``state``; row 0 is the state handed in
        *saved    (T, B, H)    one array for each name in ``saved``

    Attributes:
        gates: blocks of H rows in W_ih, W_hh and b.
        state: names of the arrays carried from step to step; the first is the output h.
        saved: names of further arrays that backward needs.
        trace: the NamedTuple; a class of this cell alone, defined in its file.
        forward: ``forward(w_hh, trace, units, first, last)``, compiled: all steps of streams first <= b < last.
            ``w_hh`` is W_hh^T packed (H, G).
        backward: ``backward(w_hh, trace, d_h, d_state, units, first, last)``, compiled: all steps, backwards.
            ``w_hh`` is W_hh packed (G, H); ``d_h`` (T, B, H) is the gradient of each output; ``d_state`` is a tuple of
            (1, B, H), one for each state: the gradient of the last state on entry, of the first on return.
        initial_bias: ``initial_bias(units)`` gives the bias (G,) to start from.
    """

    gates: int
    state: tuple[str, ...]
    saved: tuple[str, ...]
    trace: Callable[..., Any]
    forward: Callable[..., None]
    backward: Callable[..., None]
    initial_bias: Callable[[int], npt.NDArray[np.floating]]


def cell_names() -> list[str]:
    """Names of all cells: the files of this folder."""
    return names_in("cells")


def find_cell(name: str) -> Cell:
    """The cell of that name.

    Raises:
        ConfigError: there is none.
    """
    cell: Cell = find("cells", "cell", name)
    return cell


def forward(w_hh, trace, units, first, last):
    """``Cell.forward`` of the cell that ``trace`` belongs to, for compiled code that knows no cell by name.

    A function that is an argument would keep its caller out of the cache of compiled kernels; a type does not.
    """
    cell_of(type(trace)).forward(w_hh, trace, units, first, last)


@overload(forward, inline="always")
def _forward(w_hh, trace, units, first, last):
    compiled = cell_of(trace.instance_class).forward

    def call(w_hh, trace, units, first, last):
        compiled(w_hh, trace, units, first, last)

    return call


def cell_of(trace: type) -> Cell:
    """The cell whose traces are of that class."""
    cell: Cell = sys.modules[trace.__module__].CELL
    return cell
