"""The loop over time, the same for all cells: forward (products with W_hh, then the cell's step) and backward.

A cell defines its equations for one stream and one step. They are inlined into the loop, which is compiled once for
each cell.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from charrnn.kernels.jit import addressable, inlined
from charrnn.kernels.packing import Packed
from charrnn.kernels.team import may_leave


@inlined
def nothing(activations, t, b, bias_row, vectors, units):
    """Stand in for ``begin`` or ``between`` of a cell that has none."""


@inlined
def nothing_back(activations, t, b, d_v, d_h_before, units):
    """Stand in for ``between_back`` of a cell that has none."""


def name_of(part: Any) -> str:
    """Name of the module that defines a cell's function, without the prefix ``charrnn.cells``."""
    module: str = part.py_func.__module__
    return module.removeprefix("charrnn.cells.")


@inlined
def turned(packed, t):
    """Let odd steps read a matrix backward.

    So each step begins with the part of the matrix that the step before has left in the cache.
    """
    parts = packed.panels, packed.depth, packed.columns, packed.rounded, packed.precomputed, packed.team
    return Packed(*parts, t % 2 == 1)


def first_product(operand: int) -> Callable[..., None]:
    """Return the function that adds the first product to the first columns of a, in ``gates``."""

    @inlined
    def multiply(matmul, weights, activations, bias_rows, row_index, t, first, last):
        matmul(
            activations[operand][t : t + 1],
            turned(weights.w_hh[0], t),
            bias_rows,
            row_index[t : t + 1],
            activations[0][t : t + 1],
            first,
            last,
        )

    return multiply  # type: ignore[no-any-return]


def further_product(place: int, operand: int, result: int) -> Callable[..., None]:
    """Return a function that adds product number ``place`` to an array of the activations."""

    @inlined
    def multiply(matmul, weights, activations, bias_rows, row_index, t, first, last):
        to, w_hh = activations[result][t : t + 1], turned(weights.w_hh[place], t)
        matmul(activations[operand][t : t + 1], w_hh, activations[result][t], weights.rows, to, first, last)

    return multiply  # type: ignore[no-any-return]


@inlined
def no_product(matmul, weights, activations, bias_rows, row_index, t, first, last):
    """Stand in for the second product of a cell that has only one."""


def product_back(place: int, gradient: int, after: int) -> Callable[..., None]:
    """Return the backward pass of a product: it adds its operand's gradient to row t + ``after`` of d_h."""

    @inlined
    def multiply(matmul, weights, activations, d_h, t, first, last):
        row = t + after
        matmul(
            activations[gradient][t : t + 1],
            weights.w_hh[place],
            d_h[row],
            weights.rows,
            d_h[row : row + 1],
            first,
            last,
        )

    return multiply  # type: ignore[no-any-return]


@inlined
def no_product_back(matmul, weights, activations, d_h, t, first, last):
    """Stand in for the backward pass of a second product where there is none."""


def named(function: Callable[..., None], cell: str) -> Callable[..., None]:
    """Give the function the cell's name, under which its compiled code is cached."""
    function.__qualname__ = f"{cell}_{function.__name__}"
    return function


@cache
def forward_of(step: Any, begin: Any, between: Any, products: Sequence[tuple[int, int]]) -> Callable[..., None]:
    """Compile a cell's ``Cell.forward``.

    Args:
        step: ``Cell.step``.
        begin: ``Cell.begin``, or None.
        between: ``Cell.between``, or None.
        products: each product's operand and result, as indices into the activations.
    """
    (operand, _), *further = products
    multiply_first = first_product(operand)
    multiply_second = further_product(1, *further[0]) if further else no_product
    begin, between = begin or nothing, between or nothing

    def forward(matmul, weights, activations, bias_rows, row_index, units, first, last):
        for t in range(activations[0].shape[0]):
            if may_leave(weights.w_hh[0].team):
                return
            for b in range(first, last):
                begin(activations, t, b, bias_rows[row_index[t, b]], weights.vectors, units)
            multiply_first(matmul, weights, activations, bias_rows, row_index, t, first, last)
            for b in range(first, last):
                between(activations, t, b, bias_rows[row_index[t, b]], weights.vectors, units)
            multiply_second(matmul, weights, activations, bias_rows, row_index, t, first, last)
            for b in range(first, last):
                step(activations, t, b, weights.vectors, units)

    return addressable(named(forward, name_of(step)))


@cache
def backward_of(step_back: Any, between_back: Any, products: Sequence[tuple[int, int]]) -> Callable[..., None]:
    """Compile a cell's ``Cell.backward``.

    For a cell with ``between_back``, the second product comes first. Its operand's gradient goes to ``between_back`` in
    row t + 1 of d_h, which ``step_back`` has read already.

    Args:
        step_back: ``Cell.step_back``.
        between_back: ``Cell.between_back``, or None.
        products: each product's operand and gradient, as indices into the activations.
    """
    gradients = [gradient for _, gradient in products]
    early = product_back(1, gradients[1], after=1) if between_back else no_product_back
    multiply_first = product_back(0, gradients[0], after=0)
    second = len(products) > 1 and not between_back
    multiply_second = product_back(1, gradients[1], after=0) if second else no_product_back
    between_back = between_back or nothing_back

    def backward(matmul, weights, activations, d_h, d_state, d_vectors, units, first, last):
        for t in range(activations[0].shape[0] - 1, -1, -1):
            for b in range(first, last):
                step_back(activations, t, b, weights.vectors, d_h, d_state, d_vectors, units)
            early(matmul, weights, activations, d_h, t, first, last)
            for b in range(first, last):
                between_back(activations, t, b, d_h[t + 1, b], d_h[t, b], units)
            multiply_first(matmul, weights, activations, d_h, t, first, last)
            multiply_second(matmul, weights, activations, d_h, t, first, last)

    return addressable(named(backward, name_of(step_back)))
