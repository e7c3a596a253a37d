"""How many threads draw a text together.

That is found while they draw: it depends on the model, on the caches, and on what else the cores have to do.
"""

GAIN = 0.95
"""What part of the time others must take to be chosen: who changes for less follows the noise."""

LONGEST_PAUSE = 64
"""Chunks."""

LEAST_SECONDS = 0.002
"""What shorter chunks take is mostly the waking of threads, and says nothing."""


class Pace:
    """Now and then tries the next larger or smaller number of threads for a chunk, and keeps to the faster one.

    Args:
        threads: the most to use. Tried are 1, 2, 4 and so on, and the most.
    """

    def __init__(self, threads: int) -> None:
        self._sizes = sorted({1 << n for n in range(threads.bit_length())} | {threads})
        self._place, self._step = 0, 1
        self._seconds = float("inf")
        """A character's, in the last chunk that was no trial."""
        self._pause = self._left = 1
        """Chunks between two trials, and until the next one. The more trials fail, the fewer there are."""

    def threads(self) -> int:
        """For the next chunk."""
        place, step = self._place, self._step
        if self._left or len(self._sizes) == 1:
            return self._sizes[place]
        return self._sizes[place + step if 0 <= place + step < len(self._sizes) else place - step]

    def took(self, threads: int, seconds: float, characters: int) -> None:
        """What a chunk has taken with so many threads."""
        if seconds < LEAST_SECONDS:
            return
        seconds /= characters
        place = self._sizes.index(threads)
        if place == self._place:
            self._seconds = seconds
            self._left = max(0, self._left - 1)
            return
        self._step = place - self._place
        if seconds < GAIN * self._seconds:
            self._place, self._seconds = place, seconds
            self._pause = 1
        else:
            self._step = -self._step
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._left = self._pause
