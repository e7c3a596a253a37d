"""Treat denormal numbers (below 1e-38) as zero while kernels run.

On Intel cores a product with a denormal number takes a hundred times as long, and vanishing gradients and decaying
averages of squares become denormal. Each thread has its own mode. It is restored before code outside this package runs.
On processors other than x86-64 and Arm, denormal numbers are kept.
"""

from functools import partial

import numpy as np

from charrnn.kernels.intrinsics import exchange_float_mode
from charrnn.kernels.jit import jit
from charrnn.kernels.processor import ARCHITECTURE

DEFAULT, FLUSH = {"x86_64": (0x1F80, 0x8040), "aarch64": (0, 1 << 24)}.get(ARCHITECTURE, (0, 0))
"""Bits of the floating-point mode: no exception traps; and denormal results and operands are treated as zero (DAZ and
FTZ of x86's MXCSR, FZ of Arm's FPCR)."""

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
