"""What the kinds have in common that answer: they learn from rows of what is given and what is wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.kind import Kind
from charrnn.kinds.metric import Metric

BITS = Metric("bits", "bits per answer", nats=math.log(2))

PREVIEWED = 3
"""Rows of a preview."""


class AnsweringKind(Kind):
    """A kind whose models answer lines."""

    reading = "line"
    documents = True
    answers = True
    metrics: ClassVar[tuple[Metric, ...]] = (BITS,)
    lacks = frozenset({"seq_length", "update_every", "reset_probability"})

    def check_reach(self) -> None:
        """See ``Kind``."""
        task = self.tasks[0]
        raise ConfigError(f"gradients are shown for models that write text, not for task {task}: choose another run")

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """See ``Kind``: by gradients."""
        from charrnn.training.trainer import Trainer

        return Trainer(*arguments, **how)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """See ``Kind``: some rows and their answers."""
        import numpy as np

        chosen = np.random.default_rng((rng_seed, step)).permutation(len(data.rows))[:PREVIEWED]
        rows = [data.rows[at] for at in chosen]
        answers = self.predictor(network, vocabulary).predict([row.given for row in rows])
        return "\n".join(
            f"{row.given} -> {best.text}" + f" (wanted: {row.wanted})" * (best.text != row.wanted)
            for row, (best, *_) in zip(rows, answers, strict=True)
        )

    def trial(self, config: Any, settings: Any, data: Any) -> Iterator[Any]:
        """See ``Kind``: batches of the data itself."""
        batches, number = self.batches(config, settings, data), 0
        batches.begin_epoch(0)
        while True:
            yield batches.batch(number % len(batches), number)
            number += 1

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """See ``Kind``."""
        self.preview(network, vocabulary, data, settings.rng_seed, 0)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """See ``Kind``: a batch has no more rows than there are."""
        from dataclasses import replace

        count = len(data.rows)
        if settings.batch_size <= count:
            return settings, ()
        return replace(settings, batch_size=count), (f"{count} rows are few: that many are a batch",)
