"""The trainer of models that are counted in one pass over the text; it yields the same events as any trainer."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, cast

from charrnn.clock import running_seconds
from charrnn.errors import CheckpointError
from charrnn.kinds.contract import CountedModel
from charrnn.machine import require_memory
from charrnn.scoring.streams import go_on
from charrnn.training.contract import BaseTrainer, Reason, StoppedError
from charrnn.training.events import Evaluated, Event
from charrnn.training.progress import Clock, Progress

PER_COUNTED = 60
"""Bytes of memory for each counted character."""

MOST_SCORED = 100_000
"""Most characters on which the training metrics are measured; they are taken from the end of the training text."""


class CountingTrainer(BaseTrainer):
    """Counts a text in a single step.

    Settings that the kind ``lacks`` have no effect, and no checkpoint is saved before the end.
    """

    @property
    def parameter_count(self) -> int:
        """Number of counts in the model."""
        return self.model.size

    def run(self) -> Iterator[Event]:
        """Count and evaluate, unless the resumed run has already done so; yields events. See ``BaseTrainer``."""
        reason: Reason = "epochs"
        try:
            self.check_stop()
            if not self.progress.step:
                yield from self._evaluate()
        except StoppedError:
            reason = "interrupted"
        yield self._finished(reason)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The counts and a header; see ``BaseTrainer``."""
        return dict(self.model.to_tensors()), self._header()

    def restore(self, tensors: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        """Load the counts from a snapshot; see ``BaseTrainer``."""
        if "progress" not in header:
            raise CheckpointError("the checkpoint cannot be resumed: its progress is missing; start a new run")
        self.model = cast(CountedModel, self.config.kind.load(self.config, tensors, self.workers))
        self.progress = Progress.from_dict(header["progress"])

    @cached_property
    def model(self) -> CountedModel:
        """The counted model; the first access counts the text."""
        characters = len(self._train_ids)
        require_memory(PER_COUNTED * characters, f"counting {characters:,} characters", "choose a shorter text")
        began = running_seconds()
        model = self.config.kind.count(self.config, self._train_ids, self.workers)
        seconds = running_seconds() - began
        self.clock = Clock(seconds, seconds, len(self._train_ids))
        return model

    def _evaluate(self) -> Iterator[Event]:
        progress, model = self.progress, self.model
        val, trained_on = self._validated(model), self._train_ids[-MOST_SCORED:]
        progress.best = val[self.metric.name]
        progress.step = progress.epoch = progress.evaluated_step = 1
        evaluated = Evaluated(
            step=1,
            epoch=1.0,
            seconds=self.clock.seconds,
            train=self.config.kind.validate(model, trained_on, go_on),
            val=val,
            learning_rate=0.0,
            grad_norm=0.0,
            chars_per_second=self.clock.chars_per_second(),
            spikes=0,
            rollbacks=0,
        )
        yield from self._told(evaluated, model, best=progress.best is not None)
