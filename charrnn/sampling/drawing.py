"""Drawing a character from logits, and the arrays of results."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.draw import draw, rank, weigh
from charrnn.kernels.jit import addressable


class Drawn(NamedTuple):
    """The results of T draws of N streams."""

    ids: npt.NDArray[np.int32]
    """(N, T) the drawn classes."""
    nats: npt.NDArray[np.float64]
    """(N, T) -ln p of each; p is the model's, at temperature 1."""
    top_ids: npt.NDArray[np.int32]
    """(N, T, R) the R most probable classes, the most probable one first."""
    top_logprobs: npt.NDArray[np.float64]
    """(N, T, R) ln p of these."""

    @classmethod
    def allocate(cls, streams: int, count: int, top: int) -> "Drawn":
        """Allocate arrays for ``count`` draws of N ``streams``, with the R most probable classes of each."""
        shape, ranked = (streams, count), (streams, count, top)
        return cls(np.empty(shape, np.int32), np.empty(shape), np.empty(ranked, np.int32), np.empty(ranked))


@addressable
def choose(streams, classes, rules, drawn, n, t):
    """Draw from the logits of stream ``n``; fill ``drawn`` at ``t``.

    Args:
        streams: arrays ``ids``, ``logits``, ``generators``, and the buffers ``weights`` and ``heap`` (N, V).
        classes: V, the number of classes.
        rules: ``charrnn.kernels.draw.Rules``.
        drawn: the Drawn arrays, which are written.
        n: index of the stream.
        t: index of the draw.
    """
    logits = streams.logits[0, n]
    weights = streams.weights[n]
    chosen = draw(logits, classes, rules, weights, streams.heap[n], streams.generators[n])
    streams.ids[0, n] = chosen
    drawn.ids[n, t] = chosen
    top, total = weigh(logits, classes, 1.0, weights)
    log_total = np.log(total) + top
    drawn.nats[n, t] = log_total - np.float64(logits[chosen])
    rank(weights, classes, drawn.top_ids[n, t])
    for place in range(drawn.top_ids.shape[2]):
        drawn.top_logprobs[n, t, place] = np.float64(logits[drawn.top_ids[n, t, place]]) - log_total
