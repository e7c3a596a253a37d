"""Numba kernels: arrays in, arrays out.

Nothing here depends on files, texts or models. Kernels release the GIL, propagate NaN, and are cached on disk (see
``jit``). All matrix products use the vector tile in ``simd``, or the matrix tile in ``matrix``.
"""

import charrnn.kernels.compiler  # noqa: F401 - before any other part imports Numba
