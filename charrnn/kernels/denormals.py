"""Treat denormal numbers (below 1e-38) as zero while kernels run.

On Intel cores a product with a denormal number takes a hundred times as long, and vanishing gradients and decaying
averages of squares become denormal. Each thread has its own mode. It is restored before code outside this package runs.
"""

from functools import partial

import numpy as np

from charrnn.kernels.intrinsics import exchange_float_mode
from charrnn.kernels.jit import jit

DEFAULT, FLUSH = 0x1F80, 0x8040
"""Bits of x86's floating-point mode: all exceptions masked; and denormal results and operands treated as zero."""

at_once = partial(jit, nogil=False)
"""Decorator of a kernel that does not release the GIL: it ends before another thread could take over."""


@at_once
def flush_denormals():
    """Treat denormal numbers as zero in this thread; returns the previous mode for ``restore``."""
    before = exchange_float_mode(np.uint32(DEFAULT))
    exchange_float_mode(np.uint32(before | np.uint32(FLUSH)))
    return before


@at_once
def restore(mode):
    """Set this thread's mode to the one that ``flush_denormals`` returned."""
    exchange_float_mode(np.uint32(mode))
