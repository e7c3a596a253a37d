"""How models of one kind are mixed with each other and with counts of their training data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # NumPy is imported where it is used, so that the help comes at once
    from charrnn.kinds.contract import Combined


LEAST_GAIN = 0.005
"""Nats for each prediction that a model must gain to stay in a mixture."""


class Mixing(ABC):
    """What ``charrnn mix`` and the end of a training run need to know of a kind; its ``Kind.mixing``."""

    unit: str
    """What the losses of a mixture are averaged over, such as "character"."""

    @abstractmethod
    def takes_counts(self, config: Any) -> bool:
        """Whether counts of the training data can join a model."""

    @abstractmethod
    def counts(self, config: Any, data: Any, most_bytes: int, workers: Any) -> Any:
        """Count the training data of a model, in at most ``most_bytes`` of a file."""

    @abstractmethod
    def seconds(self, characters: int) -> float:
        """About how many seconds it takes to let counts join a model of so many characters, some to validate with."""

    @abstractmethod
    def held_out(self, config: Any, text: str, vocabulary: Any) -> Any:
        """Parse a text in the form of the training text into data for ``combine``.

        Raises:
            CorpusError: the text is malformed.
            VocabularyError: it holds a character that the model does not know.
        """

    @abstractmethod
    def combine(
        self, models: Sequence[Any], held_out: Any, workers: Any, *, fixed: int = 0, least: int = 1
    ) -> Combined:
        """Mix those of the models that gain enough.

        The model that gains least is left out, until each gains at least LEAST_GAIN.

        Args:
            models: at least two.
            held_out: data that none of the models has learned, of the form of a part of ``Data``.
            workers: the mixture's threads.
            fixed: how many of the models, the first ones, stay whatever they gain.
            least: how many models stay at least; if only one does, there is no mixture.

        Raises:
            CorpusError: there are too few data.
            ConfigError: the models do not fit together.
        """


def chosen_members(loss: Any, count: int, fixed: int, least: int) -> tuple[list[int], float]:
    """Leave out models until each one that is left gains LEAST_GAIN; returns these, and the loss of their mixture.

    Args:
        loss: computes the loss in nats of a mixture of a list of models.
        count: number of models.
        fixed: see ``Mixing.combine``, like the next one.
        least: see there.
    """
    kept = list(range(count))
    mixed: float = loss(kept)
    while len(kept) > max(least, fixed):
        rests = [[other for other in kept if other != place] for place in kept if place >= fixed]
        losses = [loss(rest) for rest in rests]
        best = losses.index(min(losses))
        if losses[best] - mixed >= LEAST_GAIN:
            break
        kept, mixed = rests[best], losses[best]
    return kept, mixed
