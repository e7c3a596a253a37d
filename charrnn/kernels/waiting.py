"""Waiting for another thread without going to sleep: waking up takes longer than many a kernel."""

from charrnn.kernels.intrinsics import load_anew, pause
from charrnn.kernels.jit import jit


@jit
def reaches(counter, value, patience):
    """Whether ``counter[0]``, an int64 that another thread writes, is ``value`` or more, after ``patience`` looks."""
    for _ in range(patience):
        if load_anew(counter) >= value:
            return True
        pause()
    return load_anew(counter) >= value
