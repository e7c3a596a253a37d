"""What the kinds have in common that read and write text."""

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
        """See ``Kind``: bits per character of a text."""
        from charrnn.scoring.streams import score

        return {BITS_PER_CHARACTER.name: score(network, data, before_window=before_window).bits_per_character}

    def reader(self, network: Any, **how: Any) -> Any:
        """See ``Kind``."""
        from charrnn.scoring.streams import StreamReader

        return StreamReader(network, **how)

    def batches(self, config: Any, settings: Any, data: Any) -> Any:
        """See ``Kind``: windows of parallel streams of one text."""
        from charrnn.training.text_batches import TextBatches

        return TextBatches(data, settings, config.vocab_size, documents=config.end_symbol)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """See ``Kind``: by gradients."""
        from charrnn.training.trainer import Trainer

        return Trainer(*arguments, **how)


class ContextKind(TextKind):
    """A kind whose models see the last characters alone."""

    def sampler(self, network: Any) -> Any:
        """See ``Kind``."""
        from charrnn.sampling.contexts import ContextSampler

        return ContextSampler(network)


class CountedKind(ContextKind):
    """A kind whose models are counts, made in one pass over a text."""

    learned = "counts"
    lacks = frozenset(TRAINING_OPTIONS) - {"val_fraction", "rng_seed"}
    planned = False

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """See ``Kind``: by counting."""
        from charrnn.training.counting import CountingTrainer

        return CountingTrainer(*arguments, **how)

    def check_source(self) -> None:
        """See ``Kind``."""
        raise ConfigError(f"a model {self.name} has no weights to start from, but counts: count both texts in one run")
