"""Choose how a model learns from the text that it reads: the learning rate, segment and decay of dynamic evaluation.

Each is changed as long as that lowers the loss of the first characters of the validation text, which are read again
with each value.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from charrnn.errors import TrainingError
from charrnn.scoring.defaults import Adaptation
from charrnn.text.corpus import Ids
from charrnn.training.dynamic import DynamicReader

FACTORS = {"rate": (2.0, 0.5), "segment": (0.5,), "decay": (3.0, 1 / 3)}
"""Factors by which the values are changed."""

TRIALS = 10
"""About how many settings are tried; those with half the segment take twice the time."""

LEAST_SEGMENT = 10

SECONDS_PER_WEIGHT = 5e-10
"""Seconds to learn from a character, for each parameter; measured with 0.9 million on one core."""

SHARE, LEAST_MINUTES = 0.04, 4.0
"""Part of a run's time for the choice, and the shortest runs that have it."""

FEWEST, MOST_LEARNED_FROM = 4_000, 20_000
"""Characters of the validation text that a choice needs, and those that suffice."""


class ChosenAdaptation(NamedTuple):
    """A choice; losses are in nats per character."""

    adaptation: Adaptation
    nats: float
    default_nats: float
    """With the default values."""


def choosing_seconds(minutes: float) -> float:
    """Most seconds that the choice takes at the end of a run of so many minutes."""
    return SHARE * 60 * minutes if minutes >= LEAST_MINUTES else 0.0


def characters_for(minutes: float, parameters: int, available: int) -> int:
    """Characters to read for each trial at the end of a run; 0 if they are too few to choose by."""
    affordable = choosing_seconds(minutes) / (TRIALS * SECONDS_PER_WEIGHT * parameters)
    found = int(min(affordable, MOST_LEARNED_FROM, available))
    return found if found >= FEWEST else 0


def choose_adaptation(network: Any, ids: Ids, check_stop: Callable[[], None]) -> ChosenAdaptation:
    """Choose for a network by ids (N,); ``check_stop`` is called before each trial and may raise."""
    losses: dict[Adaptation, float] = {}

    def loss(adaptation: Adaptation) -> float:
        if adaptation not in losses:
            check_stop()
            losses[adaptation] = _loss(network, ids, adaptation)
        return losses[adaptation]

    best = default = Adaptation()
    for field, factors in FACTORS.items():
        for factor in factors:
            before = best
            for candidate in _changed(best, field, factor):
                if loss(candidate) >= loss(best):
                    break
                best = candidate
            if best != before:  # the other direction was worse
                break
    return ChosenAdaptation(best, loss(best), loss(default))


def _changed(adaptation: Adaptation, field: str, factor: float) -> Iterator[Adaptation]:
    """Yield the adaptation with a field changed by ``factor``, then by its square."""
    for power in (1, 2):
        value = getattr(adaptation, field) * factor**power
        changed = adaptation._replace(**{field: round(value) if field == "segment" else value})
        if changed.segment >= LEAST_SEGMENT:
            yield changed


def _loss(network: Any, ids: Ids, adaptation: Adaptation) -> float:
    try:
        losses, _ = DynamicReader(network.config.kind.adapting(network, adaptation)).read(ids)
    except TrainingError:  # diverged
        return float("inf")
    return float(losses[1:].mean())
