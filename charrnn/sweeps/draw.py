"""Random trials: ranges, log ranges and choices.

Only ``random.random`` is used, whose values Python keeps from version to version.
"""

import math
import random
from collections.abc import Collection, Iterator, Mapping
from typing import Any

DIGITS = 4
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
    for _ in range(trials):
        yield {key: _draw(choice, key in whole, generator.random()) for key, choice in choices.items()}


def _draw(choice: list[Any] | Mapping[str, Any], whole: bool, u: float) -> Any:
    """What ``u``, uniform in [0, 1), means."""
    if isinstance(choice, list):
        return choice[int(u * len(choice))]
    low, high = choice["min"], choice["max"]
    if choice.get("log"):
        value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
        value = round(value) if whole else value
    elif whole:
        value = low + int(u * (high - low + 1))
    else:
        value = low + u * (high - low)
    return int(value) if whole else rounded(value, low, high)


def rounded(value: float, low: float, high: float) -> float:
    """A number to so many digits, and within its range."""
    return min(max(float(f"{value:.{DIGITS}g}"), low), high)
