"""Base classes of kinds that read and write text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.kind import Kind
from charrnn.kinds.metric import BITS_PER_CHARACTER
from charrnn.training.settings import TRAINING_OPTIONS


class TextKind(Kind):
    """A kind whose models predict each character from those before it."""

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure bits per character of a text."""
        from charrnn.scoring.streams import score

        return {BITS_PER_CHARACTER.name: score(network, data, before_window=before_window).bits_per_character}

    def reader(self, network: Any, **how: Any) -> Any:
        """Make a reader that scores texts as streams."""
        from charrnn.scoring.streams import StreamReader

        return StreamReader(network, **how)

    def batches(self, config: Any, settings: Any, data: Any) -> Any:
        """Cut a text into windows of parallel streams."""
        from charrnn.training.text_batches import TextBatches

        return TextBatches(data, settings, config.vocab_size, documents=config.end_symbol)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that learns by gradients."""
        from charrnn.training.trainer import Trainer

        return Trainer(*arguments, **how)


class ContextKind(TextKind):
    """A kind whose models see only the last characters."""

    def sampler(self, network: Any) -> Any:
        """Make a sampler for models that see only the last characters."""
        from charrnn.sampling.contexts import ContextSampler

        return ContextSampler(network)


class CountedKind(ContextKind):
    """A kind whose models are counts from one pass over a text."""

    learned = "counts"
    lacks = frozenset(TRAINING_OPTIONS) - {"val_fraction", "rng_seed"}
    planned = False

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that counts."""
        from charrnn.training.counting import CountingTrainer

        return CountingTrainer(*arguments, **how)

    def check_source(self) -> None:
        """Refuse to start from counts; see ``Kind``."""
        raise ConfigError(f"a model {self.name} has no weights to start from, but counts: count both texts in one run")
