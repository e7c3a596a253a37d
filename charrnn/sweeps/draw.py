"""Random trials: ranges, log ranges and choices.

Only ``random.random`` is used, whose values are the same in all versions of Python.
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
    """Draw the options of each trial; a trial's options do not depend on the number of trials.

    Args:
        choices: for each option a list, or a range with ``min`` and ``max``, both included; if ``log`` is true, the
            number's logarithm is drawn uniformly.
        whole: the options that take whole numbers.
        trials: number of trials.
        seed: seed of the random generator.
    """
    generator = random.Random(seed)
    meanings = {key: _meaning(choice, key in whole) for key, choice in choices.items()}
    for _ in range(trials):
        yield {key: meaning(generator.random()) for key, meaning in meanings.items()}


def _meaning(choice: list[Any] | Mapping[str, Any], whole: bool) -> Callable[[float], Any]:
    """Return a function from a uniform number in [0, 1) to a value."""
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
    """Round a number to ``DRAWN_DIGITS`` significant digits within its range."""
    return min(max(float(f"{value:.{DRAWN_DIGITS}g}"), low), high)
