"""Buffers that are kept from one batch to the next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Generic, TypeVar

B = TypeVar("B")

VIEWS_KEPT = 64
"""Numbers of steps for which views of buffers are kept."""


def of_steps(shortened: Callable[[int], B]) -> Callable[[int], B]:
    """Keep what ``shortened(steps)`` returns, views of buffers, for the last VIEWS_KEPT numbers of steps.

    To make the views takes a fifth of the time to predict a single short row.
    """
    return lru_cache(VIEWS_KEPT)(shortened)


class Spare(Generic[B]):
    """The buffers of the last batch, for the next one of the same sizes that is no longer.

    To allocate buffers takes as long as to predict a single short row.

    Args:
        allocate: ``allocate(steps, *sizes)`` makes new buffers.
    """

    def __init__(self, allocate: Callable[..., B]) -> None:
        self._allocate = allocate
        self._kept: list[tuple[int, tuple[int, ...], B]] = []

    @contextmanager
    def lent(self, steps: int, *sizes: int) -> Iterator[B]:
        """Lend buffers for ``steps`` steps or more, such as of so many rows, with values of earlier batches in them."""
        longest, own, buffers = self._kept.pop() if self._kept else (0, (), None)  # several threads may predict
        if buffers is None or longest < steps or own != sizes:
            longest, buffers = steps, self._allocate(steps, *sizes)
        yield buffers
        self._kept = [(longest, sizes, buffers)]
