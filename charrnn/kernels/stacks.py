"""Packed matrices of all layers in one array, so that a kernel is compiled once for any number of layers."""

from numba.extending import overload

from charrnn.kernels.jit import COMPILER_OPTIONS, inlined
from charrnn.kernels.packing import Packed


@inlined
def part_of(stacked, layer, made, turned):
    """One layer's matrix of a stack; ``made`` and ``turned`` as in ``Packed``."""
    panels = stacked.panels[layer]
    return Packed(panels, stacked.depth, stacked.columns, stacked.rounded, made, stacked.team, turned)


def parts_of(stacks, layer, made):
    """One layer's matrix of each stack in a tuple; ``made`` holds that of ``Packed`` for each."""
    return tuple(part_of.py_func(stack, layer, array, False) for stack, array in zip(stacks, made, strict=True))


@overload(parts_of, jit_options=COMPILER_OPTIONS)
def _parts_of(stacks, layer, made):
    if len(stacks) == 1:
        return lambda stacks, layer, made: (part_of(stacks[0], layer, made[0], False),)
    return lambda stacks, layer, made: (
        part_of(stacks[0], layer, made[0], False),
        *parts_of(stacks[1:], layer, made[1:]),
    )
