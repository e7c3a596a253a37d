"""Arrays as the kernels like them: each row starts on a boundary of a vector register."""

import math

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64
"""Bytes: the widest vector register, and a cache line."""

PAGE = 4096


def padded(columns: int, itemsize: int) -> int:
    """Length of a row, in elements, that holds ``columns`` elements and keeps the next row aligned."""
    line = ALIGNMENT // itemsize
    return -(-columns // line) * line


def row_stride(columns: int, itemsize: int) -> int:
    """Like ``padded``, but never a multiple of a page: such rows would fall on the same few cache sets."""
    stride = padded(columns, itemsize)
    return stride + ALIGNMENT // itemsize if stride * itemsize % PAGE == 0 else stride


def spread_stride(columns: int, itemsize: int) -> int:
    """Like ``padded``, but an odd number of lines: the same place of many rows never falls on few cache sets."""
    line = ALIGNMENT // itemsize
    return (-(-columns // line) | 1) * line


def aligned_zeros(shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[np.floating]:
    """Zeros of ``shape`` that start on a 64-byte boundary."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    raw = np.zeros(size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype).reshape(shape)
