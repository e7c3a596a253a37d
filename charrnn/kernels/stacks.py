"""Packed matrices of all layers in one array, so that a kernel is compiled once for any number of layers."""

from numba.extending import overload

from charrnn.kernels.jit import COMPILER_OPTIONS, inlined
from charrnn.kernels.packing import Packed


@inlined
def part_of(stacked, layer, precomputed, is_reversed):
    """One layer's matrix of a stack; ``made`` and ``is_reversed`` as in ``Packed``."""
    panels = stacked.panels[layer]
    return Packed(panels, stacked.depth, stacked.columns, stacked.rounded, precomputed, stacked.team, is_reversed)


def parts_of(stacks, layer, precomputed):
    """One layer's matrix of each stack in a tuple; ``made`` holds that of ``Packed`` for each."""
    return tuple(part_of.py_func(stack, layer, array, False) for stack, array in zip(stacks, precomputed, strict=True))


@overload(parts_of, jit_options=COMPILER_OPTIONS)
def _parts_of(stacks, layer, precomputed):
    if len(stacks) == 1:
        return lambda stacks, layer, precomputed: (part_of(stacks[0], layer, precomputed[0], False),)
    return lambda stacks, layer, precomputed: (
        part_of(stacks[0], layer, precomputed[0], False),
        *parts_of(stacks[1:], layer, precomputed[1:]),
    )
