"""Every kernel at the sizes that a training step gives it: how to call it, and how to know that it is right.

This is the only place of the benchmarks that calls kernels.
"""

from collections.abc import Iterator

from benchmarks.cases.cell import cell_cases
from benchmarks.cases.contract import Case, Inputs
from benchmarks.cases.passes import pass_cases
from benchmarks.cases.products import product_cases
from benchmarks.shared.shape import Shape


def all_cases(shape: Shape, precision: str) -> Iterator[Case]:
    """All cases of one shape; a case that another one names as its product comes before it."""
    inputs = Inputs(shape, precision)
    for cases in (product_cases, cell_cases, pass_cases):
        yield from cases(inputs)
