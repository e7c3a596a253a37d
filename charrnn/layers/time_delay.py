"""A time-delay layer (Waibel et al. 1989): units that see the last N inputs, each through weights of its own.

    h[t] = tanh(b + sum over p of tables[v_p, p])        v_p = x[t - N + 1 + p], p = 0 ... N-1, the oldest first

The tables, N blocks of H columns for each id, hold the products W_p e[v] (see ``charrnn.layers.embedding``). What comes
before the first input adds nothing. Backwards, with d_h the gradient of h:

    d_a[t] = d_h[t] (1 - h[t]^2)      d_b = sum of d_a[t]      d_tables[v, p] = sum of d_a[t] over all t with v_p = v
"""

import numpy as np
import numpy.typing as npt

from charrnn.kernels.lookup import lookup_sums, lookup_tanh, tanh_back
from charrnn.layers.parameters import Array
from charrnn.workers import share


class TimeDelay:
    """The layer.

    Args:
        tables: (V, at least N x H).
        bias: (H,).
        lags: N.
    """

    def __init__(self, tables: Array, bias: Array, lags: int) -> None:
        self.tables, self.bias, self._lags = tables, bias, lags
        self._units = len(bias)

    def forward(self, history: npt.NDArray[np.int32], h: Array, first: int, last: int) -> None:
        """Write h (T, B, H) of the streams ``first`` to ``last``.

        ``history`` (T + N - 1, B) holds each input's id + 1, or 0 for none.
        """
        lookup_tanh(self.tables, self.bias, history, self._lags, h, self._units, first, last)

    def backward(self, d_h: Array, h: Array, first: int, last: int) -> None:
        """Turn the gradient of h into that of a."""
        tanh_back(d_h, h, self._units, first, last)

    def sum_gradients(
        self, d_a: Array, history: npt.NDArray[np.int32], d_tables: Array, d_bias: Array, part: int, parts: int
    ) -> None:
        """Write a thread's part of the gradients of the tables and of the bias."""
        lookup_sums(d_a, history, self._lags, self._units, d_tables, d_bias, *share(self._units, part, parts))
