"""Cut a text into windows of parallel streams, for truncated backpropagation through time."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.corpus import release_pages
from charrnn.text.documents import Text

MOST_MAPPED_IDS = 1 << 25
"""Ids that are read before their memory-mapped pages are released."""

Int32Ids = npt.NDArray[np.int32]


class Windows:
    """A text cut into B parallel streams, and these into windows of at most T steps.

    With m = (N - 1) // B, stream b reads ``ids[b * m : (b + 1) * m]``; its targets are the same ids shifted by one.
    Where one stream ends, the next begins. The m steps are cut into n = ceil(m / T) windows whose lengths differ by at
    most one, so that no window is a short remainder. The arrays of a window are made when it is indexed.

    With a context, a window also contains up to that many steps before its own. So windows overlap, and updates can be
    more frequent than truncated gradients are long.

    Attributes:
        ids: the text, which may be replaced by another one of the same length.
        steps: m, the number of steps of a stream.
        characters: m * B, the number of characters predicted in one pass.

    Args:
        ids: (N,) integers, or documents; not copied.
        streams: B.
        length: T, the most steps of a window without its context.
        context: most steps of the context.

    Raises:
        ConfigError: ``streams`` or ``length`` is less than 1.
        CorpusError: There are too few ids for one step of each stream.
    """

    def __init__(self, ids: Text, streams: int, length: int, context: int = 0) -> None:
        _check(streams, length)
        self.ids = ids
        self.steps = (len(ids) - 1) // streams
        if self.steps < 1:
            raise CorpusError(
                f"{streams} streams need at least {streams + 1} characters, not {len(ids)}: "
                "use fewer streams (--batch-size) or a longer text"
            )
        self.characters = self.steps * streams
        self._count = -(-self.steps // length)
        self._context = context
        self._firsts = np.arange(streams) * self.steps
        self._mapped = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, i: int) -> tuple[Int32Ids, Int32Ids]:
        """Return inputs and targets of window ``i``, both (steps, B) contiguous int32 views of one copy."""
        i = range(len(self))[i]
        steps = np.arange(self.start(i), self._own(i + 1) + 1)
        rows = np.ascontiguousarray(self.ids[steps[:, np.newaxis] + self._firsts], np.int32)
        x, y = rows[:-1], rows[1:]
        self._mapped += x.size
        if self._mapped > MOST_MAPPED_IDS:
            release_pages(self.ids)
            self._mapped = 0
        return x, y

    def __iter__(self) -> Iterator[tuple[Int32Ids, Int32Ids]]:
        return (self[i] for i in range(len(self)))

    @property
    def longest(self) -> int:
        """Steps of the longest window, with its context."""
        return min(self.steps, -(-self.steps // len(self)) + self._context)

    def start(self, i: int) -> int:
        """Return the step of a stream at which window ``i``, including its context, starts."""
        return max(0, self._own(i) - self._context)

    def burn_in(self, i: int) -> int:
        """Return the number of steps of context in window ``i``."""
        return self._own(i) - self.start(i)

    def _own(self, i: int) -> int:
        """Return the step at which window ``i`` starts after its context."""
        return self.steps * i // len(self)


def fit(N: int, streams: int, length: int) -> tuple[int, int]:
    """Reduce the number of streams and the window length if N characters are too few for them.

    The number of streams shrinks first, until each has a whole window. If even a single stream is shorter than a
    window, the window shrinks.

    Raises:
        ConfigError: ``streams`` or ``length`` is less than 1.
        CorpusError: N is less than 2.
    """
    _check(streams, length)
    if N < 2:
        raise CorpusError(f"a window needs at least two characters, not {N}: use a longer text")
    streams = max(1, min(streams, (N - 1) // length))
    return streams, min(length, (N - 1) // streams)


def _check(streams: int, length: int) -> None:
    if streams < 1 or length < 1:
        raise ConfigError(
            f"streams (--batch-size) and length (--seq-length) must be at least 1, not {streams} and {length}: "
            "raise the lesser"
        )
