"""A time-delay layer (Waibel et al. 1989): units that see the last N inputs, with separate weights for each lag.

    h[t] = tanh(b + sum over p of tables[v_p, p])        v_p = x[t - N + 1 + p], p = 0 ... N-1, the oldest first

Row v of the tables holds the products W_p e[v], N blocks of H columns (see ``charrnn.layers.embedding``). Positions
before the first input add nothing. Backwards, with d_h the gradient of h:

    d_a[t] = d_h[t] (1 - h[t]^2)      d_b = sum of d_a[t]      d_tables[v, p] = sum of d_a[t] over all t with v_p = v
"""

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.kernels.lookup import lookup_sums, lookup_tanh, tanh_back
from charrnn.workers import share


class TimeDelay:
    """A time-delay layer.

    Args:
        tables: (V, at least N x H).
        bias: (H,).
        lags: N.
    """

    def __init__(self, tables: Array, bias: Array, lags: int) -> None:
        self.tables, self.bias, self._lags = tables, bias, lags
        self._units = len(bias)

    def forward(self, history: npt.NDArray[np.int32], h: Array, first: int, last: int) -> None:
        """Compute h (T, B, H) for the streams ``first`` to ``last``.

        ``history`` (T + N - 1, B) holds each input's id + 1, or 0 for none.
        """
        lookup_tanh(self.tables, self.bias, history, self._lags, h, self._units, first, last)

    def backward(self, d_h: Array, h: Array, first: int, last: int) -> None:
        """Turn the gradient of h into the gradient of a, in place."""
        tanh_back(d_h, h, self._units, first, last)

    def sum_gradients(
        self, d_a: Array, history: npt.NDArray[np.int32], d_tables: Array, d_bias: Array, part: int, parts: int
    ) -> None:
        """Compute a thread's part of the gradients of the tables and the bias."""
        lookup_sums(d_a, history, self._lags, self._units, d_tables, d_bias, *share(self._units, part, parts))
