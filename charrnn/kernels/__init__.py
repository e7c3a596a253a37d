"""Numba kernels: arrays in, arrays out.

Nothing here knows of files, texts or models. Every kernel releases the GIL, keeps NaN a NaN, and is cached on disk
(see ``jit``). Matrix products stand on the one vector tile in ``simd``.
"""

import charrnn.kernels.compiler  # noqa: F401 - before any other part imports Numba
