"""How many threads draw a text together.

That is found while they draw: it depends on the model, on the caches, and on what else the cores have to do.
"""

GAIN = 0.95
"""What part of the time others must take to be chosen: who changes for less follows the noise."""

LONGEST_PAUSE = 64
"""Chunks."""

LEAST_SECONDS = 0.002
"""What shorter chunks take is mostly the waking of threads: one thread draws them, and they say nothing of others."""


class ThreadTuner:
    """Now and then tries the next larger or smaller number of threads for a chunk, and keeps to the faster one.

    Args:
        threads: the most to use. Tried are 1, 2, 4 and so on, and the most.
    """

    def __init__(self, threads: int) -> None:
        self._sizes = sorted({1 << n for n in range(threads.bit_length())} | {threads})
        self._place, self._step = 0, 1
        self._seconds = 0.0
        """A character's, in the last chunk that was long enough and no trial."""
        self._pause = self._left = 1
        """Such chunks between two trials, and until the next one. The more trials fail, the fewer there are."""

    def threads(self, characters: int) -> int:
        """For the next chunk."""
        expected = characters * self._seconds
        if expected < LEAST_SECONDS or len(self._sizes) == 1:
            return 1
        place, step = self._place, self._step
        if self._left or expected < 2 * LEAST_SECONDS:
            return self._sizes[place]
        return self._sizes[place + step if 0 <= place + step < len(self._sizes) else place - step]

    def took(self, threads: int, seconds: float, characters: int) -> None:
        """What a chunk has taken with so many threads."""
        now, place = self._place, self._sizes.index(threads)
        each, expected = seconds / characters, characters * self._seconds
        if place == now:
            if seconds >= LEAST_SECONDS:
                self._seconds, self._left = each, max(0, self._left - 1)
        elif expected >= LEAST_SECONDS:  # else it was too short to be a trial
            faster = each < GAIN * self._seconds
            self._step = 1 if faster == (place > now) else -1
            self._pause = 1 if faster else min(2 * self._pause, LONGEST_PAUSE)
            if faster:
                self._place, self._seconds = place, each
            self._left = self._pause
