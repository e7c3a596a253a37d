"""The interface of trainers.

A trainer yields events as it runs, and its snapshot allows another trainer to continue.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from charrnn.kinds.config import ModelConfig
from charrnn.kinds.contract import LanguageModel
from charrnn.kinds.header import header_of
from charrnn.kinds.metric import Metric
from charrnn.kinds.transfer import Pretrained
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import CheckpointDue, Evaluated, Event, Finished, Sampled
from charrnn.training.progress import Clock, Progress
from charrnn.training.settings import Limit, TrainingSettings
from charrnn.training.together import ALONE, Together
from charrnn.workers import Workers

Reason = Limit | Literal["interrupted", "patience"]


class StoppedError(Exception):
    """The trainer was asked to stop while it validated."""


class BaseTrainer(ABC):
    """Trains a model on the data of its kind, such as a text of ids.

    Attributes:
        config: the model's shape.
        settings: the run's settings, with the batch and window that fit the text.
        vocabulary: the model's characters.
        workers: the threads that share the work.
        progress: the run's counters.
        clock: the run's times.

    Args:
        config: the model's shape.
        settings: the run's settings, with the batch and window that fit the text.
        vocabulary: the model's characters.
        train_ids: the training part of the kind's ``Data``. Of one long text these are ids (N,) of any integer type.
            Documents are shuffled in each epoch.
        val_ids: the validation part, likewise; may be empty.
        threads: number of threads; has no effect on results.
        save_every: steps between two saves; 0 saves about once a minute. Has no effect on results.
        preview: whether a short sample follows each evaluation; has no effect on results.
        together: the processes that train the model, which all make such a trainer.
    """

    def __init__(
        self,
        config: ModelConfig,
        settings: TrainingSettings,
        vocabulary: Vocabulary,
        train_ids: Any,
        val_ids: Any,
        *,
        threads: int = 1,
        save_every: int = 0,
        preview: bool = True,
        together: Together = ALONE,
    ) -> None:
        self.config, self.settings, self.vocabulary = config, settings, vocabulary
        self.workers = Workers(threads)
        self.progress, self.clock = Progress(), Clock()
        self._train_ids, self._val_ids = train_ids, val_ids
        self._save_every, self._preview = save_every, preview
        self._stop = threading.Event()
        self._together = together

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Number of learned parameters."""

    @abstractmethod
    def run(self) -> Iterator[Event]:
        """Train until the first limit is reached; yields events.

        Raises:
            TrainingError: training has diverged too many times in a row.
        """

    def begin_with(self, pretrained: Pretrained) -> None:
        """Start from another model's weights; everything else is as in a new run."""
        raise NotImplementedError

    @abstractmethod
    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tensors, and a header of JSON values, from which ``restore`` can continue."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        """Continue from the snapshot of a trainer with the same config and batch; the learning rate may differ.

        Raises:
            CheckpointError: the snapshot is incomplete or does not fit.
        """

    def stop(self) -> None:
        """Ask the trainer to stop after this step, or at once if it is validating; a signal handler may call this."""
        self._stop.set()

    def stop_with(self, other: "BaseTrainer") -> None:
        """Stop whenever the other trainer is asked to stop."""
        self._stop = other._stop

    def _epoch(self) -> float:
        """Number of passes over the text so far, with a fraction."""
        return float(self.progress.epoch)

    def _header(self) -> dict[str, Any]:
        """The header of a snapshot, as JSON values."""
        return {
            **header_of(self.config, self.vocabulary),
            "settings": self.settings.to_dict(),
            "progress": self.progress.to_dict(self.metric),
            "epoch": self._epoch(),
            "parameters": self.parameter_count,
            **self._together.header(),
        }

    @property
    def metric(self) -> Metric:
        """The metric that decides which checkpoint is the best."""
        return self.config.kind.metrics[0]

    def _validated(self, model: LanguageModel) -> dict[str, float | None]:
        """Measure the model on the validation data; without such data, all metrics are None.

        Raises:
            StoppedError: the trainer was asked to stop.
        """
        kind = self.config.kind
        if not len(self._val_ids):
            return dict.fromkeys(metric.name for metric in kind.metrics)
        return {**kind.validate(model, self._val_ids, self.check_stop)}

    def check_stop(self) -> None:
        """Raise ``StoppedError`` if the trainer was asked to stop."""
        if self._stop.is_set():
            raise StoppedError

    def _told(self, evaluated: Evaluated, model: LanguageModel, best: bool) -> Iterator[Event]:
        """Yield the events of an evaluation: the evaluation itself, a preview, and checkpoints that are due."""
        step = evaluated.step
        yield evaluated
        if self._preview:
            shown = self._val_ids if len(self._val_ids) else self._train_ids
            text = self.config.kind.preview(model, self.vocabulary, shown, self.settings.rng_seed, step)
            yield Sampled(step, text)
        if best:
            yield CheckpointDue(step, "best")
        yield CheckpointDue(step, "last")

    def _finished(self, reason: Reason) -> Finished:
        progress = self.progress
        return Finished(progress.step, self._epoch(), self.clock.seconds, reason, self.metric.name, progress.best)
