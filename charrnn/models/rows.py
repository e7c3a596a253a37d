"""Base class of the kinds that learn from rows, each an input and a target."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.kind import Kind


class RowsKind(Kind):
    """A kind that learns from rows and reads each row as a whole."""

    reading = "line"
    documents = True
    measured = True
    evaluations = 8
    reads_bytes = False
    example = "cat\tanimal\nbread\tfood\n" * 60
    lacks = frozenset({"seq_length", "update_every", "reset_probability"})

    def check_reach(self) -> None:
        """Raise ``ConfigError``, as gradients are shown only for models that write text; see ``Kind``."""
        task = self.tasks[0]
        raise ConfigError(f"gradients are shown for models of task text, not for task {task}: choose another run")

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that learns by gradients; see ``Kind``."""
        from charrnn.training.trainer import Trainer

        return Trainer(*arguments, **how)

    def trial(self, config: Any, settings: Any, batches: Any) -> Iterator[Any]:
        """Yield the batches of a run, as those of a text have other shapes; see ``Kind``."""
        return Kind.trial(self, config, settings, batches)

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """Compile what a preview needs, by making one; see ``Kind``."""
        self.preview(network, vocabulary, data, settings.rng_seed, 0)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Reduce the batch size to the number of rows; see ``Kind``."""
        from dataclasses import replace

        count = len(data.rows)
        if settings.batch_size <= count:
            return settings, ()
        return replace(settings, batch_size=count), (f"{count} rows are few: that many are a batch",)

    def steps_in_epoch(self, config: Any, settings: Any, data: Any) -> int:
        """Batches in one pass over the rows; see ``Kind``."""
        steps: int = math.ceil(len(data.rows) / settings.batch_size)
        return steps
