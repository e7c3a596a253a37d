"""The most probable combinations of classes of a line's characters, which are predicted independently."""

import heapq
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

ClassChoice = tuple["ClassChoice | None", int, int]
"""The choice at one character, linked to those at others: (others, place, rank)."""


def most_probable(found: npt.NDArray[np.float64], top: int) -> Iterator[tuple[float, npt.NDArray[np.int64]]]:
    """Yield the ``top`` most probable combinations, the most probable first, or all if there are fewer.

    A combination loses, against the best one, the sum of what each of its characters loses. Places are sorted by the
    loss of their second class. From each combination, the next ones take the next class at its last changed place, or
    change the place behind that, too or instead: so each combination is met once, after all that lose less. This takes
    time in proportion to ``top``, beside sorting the classes.

    Args:
        found: (n, C) log probabilities.
        top: number of combinations.

    Yields:
        The log probability of a combination, and its classes (n,).
    """
    order = np.argsort(-found, axis=1, kind="stable")[:, :top]
    ranked = np.take_along_axis(found, order, axis=1)
    losses = ranked[:, :1] - ranked
    best, highest = order[:, 0], float(ranked[:, 0].sum())
    yield highest, best
    seconds = losses[:, 1] if losses.shape[1] > 1 else np.full(len(best), np.inf)
    places = np.argsort(seconds, kind="stable")[: np.isfinite(seconds).sum()]
    lost, count = losses[places], 0
    waiting: list[tuple[float, int, ClassChoice]] = []

    def add(loss: float, step: ClassChoice) -> None:
        nonlocal count
        count += 1  # among equals, the one that was found first
        if loss < np.inf:
            heapq.heappush(waiting, (loss, count, step))

    if len(places):
        add(float(lost[0, 1]), (None, 0, 1))
    for _ in range(top - 1):
        if not waiting:
            return
        loss, _, step = heapq.heappop(waiting)
        link: ClassChoice | None = step
        classes = best.copy()
        while link:
            link, place, rank = link
            classes[places[place]] = order[places[place], rank]
        yield highest - loss, classes
        others, place, rank = step
        if rank + 1 < lost.shape[1]:
            add(loss - float(lost[place, rank]) + float(lost[place, rank + 1]), (others, place, rank + 1))
        if place + 1 < len(places):
            after = float(lost[place + 1, 1])
            add(loss + after, (step, place + 1, 1))
            if rank == 1:
                add(loss - float(lost[place, 1]) + after, (others, place + 1, 1))
