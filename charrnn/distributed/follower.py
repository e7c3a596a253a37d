"""What processes other than 0 do: they take part in what process 0 tells."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from charrnn.distributed.processes import ENDED, SHARED_ERRORS, Processes
from charrnn.job import prepared_trainer
from charrnn.kinds.contract import Data
from charrnn.kinds.transfer import Pretrained
from charrnn.storage.checkpoint import Checkpoint
from charrnn.training.contract import BaseTrainer
from charrnn.training.settings import TrainingSettings
from charrnn.training.speed import training_speed


class Follower:
    """A process other than 0.

    Args:
        processes: all processes.
        threads: number of threads; None for this process's share of the machine.
        on_step: called before the first step with the trainer.
    """

    def __init__(self, processes: Processes, threads: int | None, on_step: Callable[[BaseTrainer], None]) -> None:
        self._processes, self._on_step = processes, on_step
        self._threads = threads or processes.threads()

    def run(self) -> None:
        """Take part in what process 0 tells, until the job has ended.

        An error that is raised in all processes is left to process 0, which reports it.
        """
        tasks: dict[str, Callable[..., None]] = {"read": self.read, "measure": self.measure, "train": self.train}
        what, facts = self._processes.hear()
        while what != ENDED:
            with contextlib.suppress(*SHARED_ERRORS):
                tasks[what](*facts)
            what, facts = self._processes.hear()

    def read(self, caches: tuple[Path, ...]) -> None:
        """Get the text."""
        self._corpus = self._processes.share_corpus(caches, None)

    def measure(self, config: Any, settings: TrainingSettings) -> None:
        """Measure the speed of all processes."""
        train, _ = self._split(config, settings)
        how: dict[str, Any] = {"threads": self._threads, "seconds": 0.0, "together": self._processes}
        training_speed(config, settings, self._corpus.vocabulary, train, **how)

    def train(
        self,
        config: Any,
        settings: TrainingSettings,
        origin: Pretrained | None,
        header: Mapping[str, Any] | None,
        save_every: int,
    ) -> None:
        """Train; the arguments are those of ``TrainingJob``, and the header of the checkpoint that it resumes."""
        train, validation = self._split(config, settings)
        fitted, _ = config.kind.fit(settings, train)
        together = self._processes.begin(fitted)
        trainer = prepared_trainer(
            config,
            fitted,
            self._corpus.vocabulary,
            train,
            validation,
            origin=origin,
            resumed=Checkpoint({}, dict(header)) if header else None,
            threads=self._threads,
            save_every=save_every,
            preview=False,
            together=together,
        )
        self._on_step(trainer)
        for _ in trainer.run():
            pass

    def _split(self, config: Any, settings: TrainingSettings) -> tuple[Any, Any]:
        """The data to train on and to validate with."""
        data: Data = config.kind.data(self._corpus, config.to_dict())
        return data.split(settings.val_fraction)
