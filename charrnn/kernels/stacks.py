"""Packed matrices of all layers in one array, so that a kernel is compiled once for any number of layers."""

from numba.extending import overload

from charrnn.kernels.jit import OPTIONS, inlined
from charrnn.kernels.matmul import Packed


@inlined
def part_of(stacked, layer):
    """One layer's matrix of a stack."""
    return Packed(stacked.panels[layer], stacked.depth, stacked.columns, stacked.rounded, stacked.team)


def parts_of(stacks, layer):
    """One layer's matrix of each stack in a tuple."""
    return tuple(part_of.py_func(stacked, layer) for stacked in stacks)


@overload(parts_of, jit_options=OPTIONS)
def _parts_of(stacks, layer):
    if len(stacks) == 1:
        return lambda stacks, layer: (part_of(stacks[0], layer),)
    return lambda stacks, layer: (part_of(stacks[0], layer), *parts_of(stacks[1:], layer))
