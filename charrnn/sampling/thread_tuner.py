"""Tune the number of threads that draw the same text as a team.

The best number depends on the model, the caches and the machine's other load, so it is measured during sampling.
"""

GAIN = 0.95
"""Another number of threads is chosen if it takes less than this fraction of the time; smaller gains may be noise."""

LONGEST_PAUSE = 64
"""Most chunks of text between two trials of another number of threads."""

LEAST_SECONDS = 0.002
"""Least duration of a chunk that is measured; one thread draws shorter ones, as waking others would cost more."""

TEAM_PATIENCE = 0.001
"""Seconds that a thread of a team waits for the others."""


class ThreadTuner:
    """Tries the next larger or smaller number of threads from time to time, and keeps the faster one.

    Args:
        threads: most threads to use; the numbers tried are 1, 2, 4 and so on, and this one.
    """

    def __init__(self, threads: int) -> None:
        self._sizes = sorted({1 << n for n in range(threads.bit_length())} | {threads})
        self._place, self._step = 0, 1
        self._seconds = 0.0
        """Seconds per character in the last chunk that was long enough and no trial."""
        self._pause = self._left = 1
        """Chunks between two trials, and chunks until the next trial; each failed trial doubles the pause."""

    def threads(self, characters: int) -> int:
        """The number of threads for the next chunk, of ``characters`` characters per stream."""
        expected = characters * self._seconds
        if expected < LEAST_SECONDS or len(self._sizes) == 1:
            return 1
        place, step = self._place, self._step
        if self._left or expected < 2 * LEAST_SECONDS:
            return self._sizes[place]
        return self._sizes[place + step if 0 <= place + step < len(self._sizes) else place - step]

    def took(self, threads: int, seconds: float, characters: int) -> None:
        """Record the time of a chunk drawn with ``threads`` threads."""
        now, place = self._place, self._sizes.index(threads)
        each, expected = seconds / characters, characters * self._seconds
        if place == now:
            if seconds >= LEAST_SECONDS:
                self._seconds, self._left = each, max(0, self._left - 1)
        elif expected >= LEAST_SECONDS:  # shorter chunks are no trials
            faster = each < GAIN * self._seconds
            self._step = 1 if faster == (place > now) else -1
            self._pause = 1 if faster else min(2 * self._pause, LONGEST_PAUSE)
            if faster:
                self._place, self._seconds = place, each
            self._left = self._pause
