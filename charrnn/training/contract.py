"""What every trainer provides: a generator of events, and a snapshot from which another one continues."""

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
from charrnn.workers import Workers

Reason = Limit | Literal["interrupted", "patience"]


class StoppedError(Exception):
    """A trainer was asked to end while it was scoring."""


class BaseTrainer(ABC):
    """Trains a model on a text that has been turned into ids.

    Attributes:
        config: the model's shape.
        settings: the run's settings, with the batch and window that fit the text.
        vocabulary: the model's characters.
        workers: the threads.
        progress: how far the run has come.
        clock: how long it has taken.

    Args:
        config: the model's shape.
        settings: with the batch and window that fit the text.
        vocabulary: the model's characters.
        train_ids: what to train on, a part of the kind's ``Data``: of a text (N,) ids of any integer type, or
            documents, shuffled in each epoch.
        val_ids: likewise what to validate with; may be empty.
        threads: how many; they change no result.
        save_every: steps between two saves; 0 saves about once a minute. It changes no result either.
        preview: whether a short sample follows each evaluation; nor does this.
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
    ) -> None:
        self.config, self.settings, self.vocabulary = config, settings, vocabulary
        self.workers = Workers(threads)
        self.progress, self.clock = Progress(), Clock()
        self._train_ids, self._val_ids = train_ids, val_ids
        self._save_every, self._preview = save_every, preview
        self._stop = threading.Event()

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Numbers that are learned."""

    @abstractmethod
    def run(self) -> Iterator[Event]:
        """Train until the first limit is reached.

        Raises:
            TrainingError: training has diverged again and again.
        """

    def begin_with(self, pretrained: Pretrained) -> None:
        """Start from the weights of another model, with all else as in a new run."""
        raise NotImplementedError

    @abstractmethod
    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tensors, and a header that JSON can hold; ``restore`` continues from them."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        """Continue from a snapshot of a trainer of the same config and batch; another learning rate is kept.

        Raises:
            CheckpointError: the snapshot lacks something or does not fit.
        """

    def stop(self) -> None:
        """Ask a running trainer to end after this step, or in the middle of a scoring. Safe in a signal handler."""
        self._stop.set()

    def _epoch(self) -> float:
        """Passes over the text that are done, with their fraction."""
        return float(self.progress.epoch)

    def _header(self) -> dict[str, Any]:
        """A snapshot's."""
        return {
            **header_of(self.config, self.vocabulary),
            "settings": self.settings.to_dict(),
            "progress": self.progress.to_dict(self.metric),
            "epoch": self._epoch(),
            "parameters": self.parameter_count,
        }

    @property
    def metric(self) -> Metric:
        """The one that decides which checkpoint is the best."""
        return self.config.kind.metrics[0]

    def _validated(self, model: LanguageModel) -> dict[str, float | None]:
        """The metrics of the validation data; None without any.

        Raises:
            StoppedError: the trainer was asked to end.
        """
        kind = self.config.kind
        if not len(self._val_ids):
            return dict.fromkeys(metric.name for metric in kind.metrics)
        return {**kind.validate(model, self._val_ids, self._check_stop)}

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _told(self, evaluated: Evaluated, model: LanguageModel, best: bool) -> Iterator[Event]:
        """An evaluation, and what follows it."""
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
