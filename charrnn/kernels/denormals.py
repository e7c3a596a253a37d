"""Numbers below 1e-38 are taken as zero while kernels run.

A product with a denormal number costs an Intel core a hundred times as much as another, and gradients that vanish and
averages of squares that fade pass through them. The mode belongs to a thread, and what is not ours must not notice.
"""

from functools import partial

import numpy as np

from charrnn.kernels.intrinsics import exchange_float_mode
from charrnn.kernels.jit import jit

DEFAULT, FLUSH = 0x1F80, 0x8040
"""x86: all exceptions masked; results flushed to zero and denormal operands taken as zero."""

at_once = partial(jit, nogil=False)
"""The decorator of a kernel that is over before another thread would have the GIL."""


@at_once
def flush_denormals():
    """Take denormal numbers as zero in this thread; returns the mode to give to ``restore``."""
    before = exchange_float_mode(np.uint32(DEFAULT))
    exchange_float_mode(np.uint32(before | np.uint32(FLUSH)))
    return before


@at_once
def restore(mode):
    """Set this thread's mode back to what ``flush_denormals`` returned."""
    exchange_float_mode(np.uint32(mode))
