"""The trainer of an n-gram model: it counts the text in one pass, and tells the same events as any other."""

import threading
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from charrnn.errors import CheckpointError
from charrnn.model.config import ModelConfig
from charrnn.model.header import header_of
from charrnn.model.ngram import NGram
from charrnn.model.workers import Workers
from charrnn.scoring.streams import score
from charrnn.text.corpus import check_ids
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import CheckpointDue, Evaluated, Event, Finished, Sampled
from charrnn.training.preview import preview
from charrnn.training.progress import Clock, Progress
from charrnn.training.settings import TrainingSettings
from charrnn.training.trainer import Ids, Reason

MOST_SCORED = 100_000
"""Characters of the text itself that ``train_bpc`` is of: its last ones."""


class CountingTrainer:
    """Counts a text; as ``charrnn.training.trainer.Trainer``, but that one step does all.

    Of the settings, only ``rng_seed`` and ``val_fraction`` matter; there is nothing to save in between.
    """

    def __init__(
        self,
        config: ModelConfig,
        settings: TrainingSettings,
        vocabulary: Vocabulary,
        train_ids: Ids,
        val_ids: Ids,
        *,
        threads: int = 1,
        save_every: int = 0,
    ) -> None:
        self.config, self.settings, self.vocabulary = config, settings, vocabulary
        self.workers = Workers(threads)
        self.progress, self.clock = Progress(), Clock()
        self._train_ids, self._val_ids = train_ids, val_ids
        self._stop = threading.Event()

    @property
    def parameter_count(self) -> int:
        """Counts that the model holds."""
        return self._model.size

    def stop(self) -> None:
        """Ask a running trainer to end. Safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> Iterator[Event]:
        """Count, unless that is done, and score."""
        progress = self.progress
        stopped = self._stop.is_set()
        if not progress.step and not stopped:
            yield from self._evaluate()
        reason: Reason = "interrupted" if stopped else "epochs"
        yield Finished(progress.step, float(progress.epoch), self.clock.seconds, reason, progress.best_val_bpc)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """As ``Trainer.snapshot``."""
        header = {
            **header_of(self.config, self.vocabulary),
            "settings": self.settings.to_dict(),
            "progress": self.progress.to_dict(),
            "epoch": float(self.progress.epoch),
            "parameters": self.parameter_count,
        }
        return self._model.to_tensors(), header

    def restore(self, tensors: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        """As ``Trainer.restore``.

        Raises:
            CheckpointError: the snapshot lacks something or does not fit.
        """
        if "progress" not in header:
            raise CheckpointError("the checkpoint cannot be resumed: its progress is missing")
        self._model = NGram.load(self.config, tensors, self.workers)
        self.progress = Progress.from_dict(header["progress"])

    @cached_property
    def _model(self) -> NGram:
        check_ids(self._train_ids, self.config.vocab_size)
        began = time.monotonic()
        model = NGram.count(self.config, self._train_ids, self.workers)
        seconds = time.monotonic() - began
        self.clock = Clock(seconds, seconds, len(self._train_ids))
        return model

    def _evaluate(self) -> Iterator[Event]:
        progress, model = self.progress, self._model
        progress.step = progress.epoch = progress.evaluated_step = 1
        if len(self._val_ids):
            progress.best_val_bpc = score(model, self._val_ids).bits_per_character
        yield Evaluated(
            step=1,
            epoch=1.0,
            seconds=self.clock.seconds,
            train_bpc=score(model, self._train_ids[-MOST_SCORED:]).bits_per_character,
            val_bpc=progress.best_val_bpc,
            learning_rate=0.0,
            grad_norm=0.0,
            chars_per_second=self.clock.chars_per_second(),
            spikes=0,
            rollbacks=0,
        )
        yield Sampled(1, preview(model, self.vocabulary, self.settings.rng_seed, 1))
        if progress.best_val_bpc is not None:
            yield CheckpointDue(1, "best")
        yield CheckpointDue(1, "last")
