"""Aligned arrays: each row starts on a 64-byte boundary, as vector registers need it."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FloatArray = npt.NDArray[np.floating]

ALIGNMENT = 64
"""Bytes of a cache line and of the widest vector register."""

PAGE = 4096


def padded(columns: int, itemsize: int) -> int:
    """Round the number of ``columns`` up so that the next row starts aligned, too."""
    line = ALIGNMENT // itemsize
    return -(-columns // line) * line


def row_stride(columns: int, itemsize: int) -> int:
    """Round up like ``padded``, but never to a multiple of a page, as such rows would share a few cache sets."""
    stride = padded(columns, itemsize)
    return stride + ALIGNMENT // itemsize if stride * itemsize % PAGE == 0 else stride


def spread_stride(columns: int, itemsize: int) -> int:
    """Round up like ``padded``, but to an odd number of cache lines, so that a column spreads over all cache sets."""
    line = ALIGNMENT // itemsize
    return (-(-columns // line) | 1) * line


def aligned_zeros(shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> FloatArray:
    """Allocate zeros of ``shape`` that start on a 64-byte boundary."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    raw = np.zeros(size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -raw.__array_interface__["data"][0] % ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype).reshape(shape)
