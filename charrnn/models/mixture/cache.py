"""Counts of the text that is read, as a member of a mixture that adapts (Kuhn and De Mori 1990).

The counts begin with each character once, so that nothing is impossible, and are made anew after every RECOUNTED
characters. Witten-Bell smoothing suits the short texts that they begin with.
"""

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.models.mixture.learning import FLOAT, observe
from charrnn.models.ngram.config import NgramConfig
from charrnn.models.ngram.counts import NGram
from charrnn.text.corpus import Ids
from charrnn.workers import Workers

CACHE_ORDER = 5

RECOUNTED = 500
"""Characters between two counts."""

MOST_CACHED = 1 << 17
"""Most characters that are counted, the last ones read."""


class Cache:
    """Counts of the text read so far.

    Attributes:
        model: the counts.
    """

    def __init__(self, vocab_size: int, workers: Workers) -> None:
        self.config = NgramConfig(vocab_size, order=CACHE_ORDER, smoothing="witten-bell")
        self._workers = workers
        self._read: list[Array] = [np.arange(vocab_size, dtype=np.int32)]
        self._waiting = 0
        self.count()

    def read(self, ids: Ids) -> bool:
        """Read ids (N,); returns whether the counts are new."""
        self._read.append(np.asarray(ids, np.int32))
        self._waiting += len(ids)
        if self._waiting < RECOUNTED:
            return False
        self.count()
        return True

    def count(self) -> None:
        """Count all that was read."""
        text = np.concatenate(self._read)[-MOST_CACHED:]
        self._read, self._waiting = [text], 0
        self.model = NGram.count(self.config, text, self._workers)


def observe_cache(ids: Ids, vocab_size: int, workers: Workers) -> tuple[FLOAT, FLOAT]:
    """The cache's log probability of each id but the first (N - 1,), and its entropy before each, as it reads them."""
    cache, before = Cache(vocab_size, workers), CACHE_ORDER - 1
    logprobs: list[FLOAT] = []
    entropies: list[FLOAT] = []
    for first in range(0, len(ids) - 1, RECOUNTED):
        start = max(0, first - before)
        found = observe(cache.model, ids[start : first + RECOUNTED + 1])
        for array, values in zip((logprobs, entropies), found, strict=True):
            array.append(values[first - start :])
        cache.read(ids[first : first + RECOUNTED])
    return np.concatenate(logprobs), np.concatenate(entropies)
