"""What a recurrent cell provides, and how to find one by name.

A layer computes, for t = 0 ... T-1,

    a[t] = W_ih x[t] + b + W_hh h[t-1]        (G = gates x H numbers a stream)
    h[t], ... = cell(a[t], state[t-1])

The network has W_ih x + b ready for all t. The cell owns the time loop: it adds W_hh h, applies its equations, leaves
in ``gates`` what it needs on the way back, and there turns it into the gradient of a. Everything else (the gradients
of W_ih, W_hh and b, the layers, the loss) follows from that gradient and is the same for all cells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.registry import find, names_in


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Shapes: B streams, T steps, H units, G = ``gates`` x H. Rows may be longer than H or G (padding); what lies beyond
    is never read. ``trace`` is a NamedTuple of arrays with these fields, in this order:

        gates     (T, B, G)    forward leaves what backward needs, backward the gradient of a
        *state    (T+1, B, H)  one array for each name in ``state``; row 0 is the state handed in
        *saved    (T, B, H)    one array for each name in ``saved``

    Attributes:
        gates: blocks of H rows in W_ih, W_hh and b.
        state: names of the arrays carried from step to step; the first is the output h.
        saved: names of further arrays that backward needs.
        trace: the NamedTuple.
        forward: ``forward(w_hh, trace, start, ids, units, first, last)``, ``addressable``: all steps of streams
            first <= b < last. ``w_hh`` is W_hh^T packed (H, G); ``start[ids[t, b]]`` is W_ih x[t] + b of stream b:
            ``start`` (N, G) is the first layer's table or ``gates`` itself, ``ids`` (T, B) int32.
        backward: ``backward(w_hh, trace, d_h, d_state, units, first, last)``, compiled: all steps, backwards.
            ``w_hh`` is W_hh packed (G, H). ``d_h`` (T+1, B, H): on entry, row t+1 is the gradient of output t from
            above and row 0 is zero; on return, row 0 is the gradient of the h handed in. ``d_state`` is a tuple of
            (1, B, H), one for each further state: the gradient of the last one on entry, of the first on return.
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
