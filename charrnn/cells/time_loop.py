"""The loop over time that all cells share: forward (products with W_hh, then the cell's step) and backward.

A cell gives its equations for one stream and one step. The loop is compiled for each cell with them inside it, so that
a step costs no call.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from charrnn.kernels.jit import addressable, inlined


@inlined
def nothing(activations, t, b, bias_row, vectors, units):
    """Stand in for ``begin`` or ``between`` of a cell that has none."""


@inlined
def nothing_back(activations, t, b, d_v, d_h_before, units):
    """Stand in for ``between_back`` of a cell that has none."""


def name_of(part: Any) -> str:
    """Name of the module that defines a cell's function, shorter for a cell of ours."""
    module: str = part.py_func.__module__
    return module.removeprefix("charrnn.cells.")


def first_product(operand: int) -> Callable[..., None]:
    """The product whose result is added to a, in the first columns of the gates."""

    @inlined
    def multiply(matmul, weights, activations, bias_rows, row_index, t, first, last):
        matmul(
            activations[operand][t : t + 1],
            weights.w_hh[0],
            bias_rows,
            row_index[t : t + 1],
            activations[0][t : t + 1],
            first,
            last,
        )

    return multiply  # type: ignore[no-any-return]


def further_product(place: int, operand: int, result: int) -> Callable[..., None]:
    """A product whose result is added to what an array of the activations holds."""

    @inlined
    def multiply(matmul, weights, activations, bias_rows, row_index, t, first, last):
        to = activations[result][t : t + 1]
        matmul(
            activations[operand][t : t + 1], weights.w_hh[place], activations[result][t], weights.rows, to, first, last
        )

    return multiply  # type: ignore[no-any-return]


@inlined
def no_product(matmul, weights, activations, bias_rows, row_index, t, first, last):
    """Stand in for the second product of a cell that has one."""


def product_back(place: int, gradient: int, after: int) -> Callable[..., None]:
    """Add the gradient of a product's operand to d_h, in the row before the step (``after`` 0) or after it (1)."""

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
    """Stand in for the backward of a second product."""


def named(function: Callable[..., None], cell: str) -> Callable[..., None]:
    """Give the function the cell's name, under which its compiled code is cached."""
    function.__qualname__ = f"{cell}_{function.__name__}"
    return function


@cache
def forward_of(step: Any, begin: Any, between: Any, products: Sequence[tuple[int, int]]) -> Callable[..., None]:
    """A cell's ``Cell.forward``.

    Args:
        step: the cell's.
        begin: what each stream does before the products; None for nothing.
        between: what it does between the first product and the second; None for nothing.
        products: of each, the places in the activations of its operand and of its result.
    """
    (operand, _), *further = products
    multiply_first = first_product(operand)
    multiply_second = further_product(1, *further[0]) if further else no_product
    begin, between = begin or nothing, between or nothing

    def forward(matmul, weights, activations, bias_rows, row_index, units, first, last):
        for t in range(activations[0].shape[0]):
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
    """A cell's ``Cell.backward``.

    Where a cell does something between two products, the second one is undone first: the gradient of its operand is
    handed to ``between_back`` in the row of d_h after the step, which the step has read by then.

    Args:
        step_back: the cell's.
        between_back: the way back of what it does between its products; None for nothing.
        products: of each, the places in the activations of its operand and of its gradient.
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
