"""Random trials: ranges, log ranges and choices.

Only ``random.random`` is used, whose values Python keeps from version to version.
"""

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

DRAWN_DIGITS = 4
"""Significant digits of a drawn number, which is part of a run's name."""


def draws(
    choices: Mapping[str, list[Any] | Mapping[str, Any]], whole: Collection[str], *, trials: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Draw the options of each trial; those of the first trials do not depend on how many there are.

    Args:
        choices: of each option a list, or a range: ``min`` and ``max``, both included, and ``log`` for one whose
            logarithm is uniform.
        whole: the options that take whole numbers.
        trials: how many.
        seed: of the random generator.
    """
    generator = random.Random(seed)
    meanings = {key: _meaning(choice, key in whole) for key, choice in choices.items()}
    for _ in range(trials):
        yield {key: meaning(generator.random()) for key, meaning in meanings.items()}


def _meaning(choice: list[Any] | Mapping[str, Any], whole: bool) -> Callable[[float], Any]:
    """What a number, uniform in [0, 1), means."""
    if isinstance(choice, list):
        return lambda u: choice[int(u * len(choice))]
    low, high = choice["min"], choice["max"]
    if choice.get("log"):
        begin, width = math.log(low), math.log(high) - math.log(low)
        if whole:
            return lambda u: round(math.exp(begin + u * width))
        return lambda u: rounded(math.exp(begin + u * width), low, high)
    if whole:
        return lambda u: int(low + int(u * (high - low + 1)))
    return lambda u: rounded(low + u * (high - low), low, high)


def rounded(value: float, low: float, high: float) -> float:
    """A number to so many digits, and within its range."""
    return min(max(float(f"{value:.{DRAWN_DIGITS}g}"), low), high)
