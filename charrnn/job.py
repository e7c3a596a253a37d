"""A training job: a trainer whose checkpoints and metrics go into a run's folder."""

import dataclasses
from collections.abc import Generator, Iterator
from typing import Any, Literal

import numpy as np

from charrnn.clock import running_seconds
from charrnn.errors import ConfigError, CorpusError
from charrnn.kinds.config import ModelConfig
from charrnn.kinds.contract import Data
from charrnn.kinds.header import model_of
from charrnn.kinds.transfer import Pretrained
from charrnn.member_runs import further_members, train_members
from charrnn.mixing import checkpoint_of, mixed_at_end, mixing_of
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, weights_only
from charrnn.storage.metrics import read_metrics
from charrnn.storage.recorder import SAMPLES, Recorder, go_back
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata
from charrnn.text.corpus import Corpus, release_pages
from charrnn.training.adaptation import characters_for, choose_adaptation
from charrnn.training.advice import advice
from charrnn.training.contract import BaseTrainer, StoppedError
from charrnn.training.events import (
    AdaptationChosen,
    CheckpointDue,
    Evaluated,
    Event,
    Finished,
    Mixed,
    NotMixed,
    Sampled,
    SaveFailed,
    Started,
)
from charrnn.training.plan import Plan
from charrnn.training.settings import TrainingSettings
from charrnn.training.together import ALONE, Together

LARGE_VOCABULARY = 1000
"""In vocabularies with more symbols than this, rare ones are counted."""

RARE, RARE_SHARE = 5, 0.2
"""Rare characters occur fewer than 5 times; if they are more than a fifth of the vocabulary, a note says so."""

COUNTED = 1 << 20
"""Number of ids that are counted at a time."""


class TrainingJob:
    """A trainer whose checkpoints and metrics go into a run's folder.

    No other job can train the run until ``events`` has ended or ``close`` is called.

    Attributes:
        run: the run's folder.
        trainer: the trainer; ``trainer.stop()`` ends the job after the current step.
        started: the job's first event.
        plan: the options chosen for the minutes of a new run; None for other runs.
        save_every: steps between two saves; 0 for about one a minute.
        counts: whether counts of the text join the best model at the end.
        members: how many networks are trained one after the other to be mixed, of which the trainer's is the first.
    """

    def __init__(
        self,
        run: Run,
        corpus: Corpus,
        config: ModelConfig,
        settings: TrainingSettings,
        metadata: RunMetadata,
        *,
        threads: int,
        files: int = 0,
        data: Data | None = None,
        origin: Pretrained | None = None,
        resumed: Checkpoint | None = None,
        remarks: tuple[str, ...] = (),
        plan: Plan | None = None,
        preview: bool = True,
        together: Together = ALONE,
    ) -> None:
        self.run, self.plan, self.save_every = run, plan, metadata.save_every
        self.counts, self.members = metadata.counts, metadata.members
        kind = config.kind
        data = kind.data(corpus, config.to_dict()) if data is None else data
        train_ids, val_ids = data.split(settings.val_fraction)
        fitted, shrunk = kind.fit(settings, train_ids)
        shrunk = (*shrunk, *data.notes(train_ids, val_ids, settings.val_fraction))
        if run.lacks_locks:
            shrunk = (*shrunk, f"the file system of {run.folder} has no locks: let no other process train this run")
        if together.processes > 1 and "batch_size" in kind.lacks:
            raise ConfigError(
                f"model {config.model} counts the text and has no batches to share: leave --distributed out"
            )
        together.tell("train", config, settings, origin, resumed and resumed.header, metadata.save_every)
        self.trainer: BaseTrainer = prepared_trainer(
            config,
            fitted,
            corpus.vocabulary,
            train_ids,
            val_ids,
            origin=origin,
            resumed=resumed,
            threads=threads,
            save_every=metadata.save_every,
            preview=preview,
            together=together.begin(fitted),
        )
        self.trainer.clock.seconds = metadata.seconds + (plan.reserved if plan else 0.0)
        self._metadata, self._parts, self._settings = metadata, (train_ids, val_ids), settings
        self._corpus, self._data = corpus, data
        self._header = {
            "settings": settings.to_dict(),
            "corpus": {
                "fingerprint": corpus.fingerprint,
                "characters": len(corpus.ids),
                **({"min_count": corpus.min_count} if corpus.min_count else {}),
            },
        }
        if resumed:
            go_back(run, self.trainer.progress.step)
        self._evaluations = read_metrics(run.metrics) if resumed else []
        self._recorder = Recorder(run, keep=metadata.keep, resumed=resumed is not None)
        self.started = Started(
            run=str(run.folder),
            resumed_from=self.trainer.progress.step,
            files=files,
            characters=len(train_ids),
            val_characters=len(val_ids),
            vocabulary=len(corpus.vocabulary),
            parameters=self.trainer.parameter_count,
            threads=threads,
            plan=plan.reasons if plan else (),
            chosen=plan.options if plan else {},
            notes=together.notes() + remarks + shrunk,
        )

    def events(self) -> Generator[Event, None, None]:
        """Train; yields each event once the checkpoint or metrics that it calls for are saved.

        Raises:
            RunError: The end of the run could not be saved; an earlier failure to save is a ``SaveFailed`` event.
            TrainingError: Training has diverged too often.
        """
        try:
            yield self.started
            for event in self.trainer.run():
                if isinstance(event, Finished) and event.reason != "interrupted":
                    yield from self._ended(event)
                else:
                    yield self._recorded(event)
        finally:
            self.close()

    def close(self) -> None:
        """Release the run's lock; other jobs can then train it."""
        self.run.release()

    def _recorded(self, event: Event) -> Event:
        """Save what an event calls for; return the event, or ``SaveFailed``."""
        recorder = self._recorder
        if isinstance(event, Evaluated):
            self._evaluations.append(event.to_dict())
            recorder.record(self._evaluations[-1])
        elif isinstance(event, Sampled):
            recorder.record(dataclasses.asdict(event), SAMPLES)
        elif isinstance(event, CheckpointDue):
            self._save(event.kind)
            if recorder.failure:
                return SaveFailed(event.step, str(recorder.failure))
        elif isinstance(event, Finished):
            if recorder.failure:
                self._save("last")
            if not recorder.failure:
                recorder.end(self._metadata_now(ended=event.reason))
            if recorder.failure:
                raise recorder.failure
        if isinstance(event, Finished) and event.reason != "interrupted":
            return dataclasses.replace(event, hint=advice(self._evaluations, self.trainer.metric))
        return event

    def _ended(self, event: Finished) -> Iterator[Event]:
        """Train the further members, mix them all, and yield the last event."""
        steps = event.step - self.started.resumed_from
        if self.members > 1 and not self._recorder.failure:
            known = self._metadata_now(ended="")
            trained = yield from train_members(self.run, self.members, self._settings, known, self._member)
            self.trainer.clock.seconds, steps = trained.seconds, steps + trained.steps
            reason = "interrupted" if trained.interrupted else event.reason
            event = dataclasses.replace(event, seconds=trained.seconds, reason=reason)
        if event.reason != "interrupted":
            try:
                yield from self._adapted(event.step)
            except StoppedError:
                event = dataclasses.replace(event, reason="interrupted")
        recorded = self._recorded(event)
        if event.reason != "interrupted" and not (steps == 0 and self.run.mixture.is_file()):
            yield from self._mixed(event.step)
        yield recorded

    def _adapted(self, step: int) -> Iterator[Event]:
        """Choose the settings of dynamic evaluation for the best model, if there is time and text enough."""
        run, trainer, (_, validation) = self.run, self.trainer, self._parts
        if not trainer.config.kind.adapts or trainer.config.end_symbol or not run.best.is_file():
            return
        best, minutes = load_checkpoint(run.best), trainer.settings.minutes
        characters = characters_for(minutes, trainer.parameter_count, len(validation))
        if not characters or "adaptation" in best.header:
            return
        config, _ = model_of(best.header, best.tensors)
        began = running_seconds()
        network = config.kind.load(config, best.tensors, trainer.workers)
        chosen = choose_adaptation(network, np.asarray(validation[:characters], np.int32), trainer.check_stop)
        run.check_lock()
        save_checkpoint(run.best, Checkpoint(best.tensors, {**best.header, "adaptation": chosen.adaptation._asdict()}))
        seconds = running_seconds() - began
        yield AdaptationChosen(step, *chosen.adaptation, chosen.nats, chosen.default_nats, characters, seconds)

    def _member(
        self, run: Run, settings: TrainingSettings, metadata: RunMetadata, resumed: Checkpoint | None
    ) -> "TrainingJob":
        """Make the job of a further member; see ``train_members``."""
        how: dict[str, Any] = {"threads": self.started.threads, "data": self._data, "preview": False}
        job = TrainingJob(run, self._corpus, self.trainer.config, settings, metadata, resumed=resumed, **how)
        job.trainer.stop_with(self.trainer)
        return job

    def _mixed(self, step: int) -> Iterator[Event]:
        """Let further members and counts join the best model, if the run is to have them."""
        run, workers = self.run, self.trainer.workers
        paths = [one.checkpoint for one in (run, *further_members(run, self.members)) if one.checkpoint]
        if not paths or len(paths) + self.counts == 1:
            run.check_lock()
            run.drop_mixture()
            return
        try:
            combined, best = mixed_at_end(paths, *self._parts, workers, counts=self.counts)
        except CorpusError as error:
            run.check_lock()
            run.drop_mixture()
            yield NotMixed(step, str(error))
            return
        run.check_lock()
        if combined.mixture is None:
            run.drop_mixture()
        else:
            save_checkpoint(run.mixture, checkpoint_of(combined, best.header, self.trainer.vocabulary))
        config, networks = self.trainer.config, len(paths)
        yield Mixed(
            step,
            nats=combined.nats[0],
            counts_nats=combined.nats[-1] if self.counts else None,
            mixed_nats=combined.mixed_nats,
            path=str(run.mixture) if combined.mixture else None,
            unit=mixing_of(config).unit,
            answers=config.kind.answers,
            further_nats=combined.nats[1:networks],
            networks=sum(place < networks for place in combined.kept),
            has_counts=networks in combined.kept,
            size=run.mixture.stat().st_size if combined.mixture else 0,
            network_size=paths[0].stat().st_size,
        )

    def _save(self, kind: Literal["last", "best"]) -> None:
        tensors, header = self.trainer.snapshot()
        checkpoint = Checkpoint(tensors, header | self._header)
        if kind == "best":
            self._recorder.save_best(weights_only(checkpoint))
        else:
            self._recorder.save_last(checkpoint, self._metadata_now(ended=""), self.trainer.progress.step)

    def _metadata_now(self, ended: str) -> RunMetadata:
        return dataclasses.replace(self._metadata, seconds=self.trainer.clock.seconds, ended=ended)


def prepared_trainer(
    config: ModelConfig,
    *arguments: Any,
    origin: Pretrained | None,
    resumed: Checkpoint | None,
    together: Together,
    **how: Any,
) -> BaseTrainer:
    """Make a trainer in the state from which a job starts; all processes of a run do so at the same time.

    Args:
        config: the model's shape.
        arguments: the other arguments of ``BaseTrainer``.
        origin: the model that a new run starts from.
        resumed: the checkpoint of a resumed run; its tensors are needed in process 0 only.
        together: the processes.
        how: the keyword arguments of ``BaseTrainer``.
    """
    trainer: BaseTrainer = together.each(lambda: config.kind.trainer(config, *arguments, together=together, **how))
    if origin:
        trainer.begin_with(origin)
    if resumed:
        trainer.restore(resumed.tensors, resumed.header)
    return trainer


def notes_on_rare(corpus: Corpus) -> Iterator[str]:
    """Yield a note for the user if much of a large vocabulary is too rare to be learned."""
    V = len(corpus.vocabulary)
    if V <= LARGE_VOCABULARY:
        return
    counts = np.zeros(V, np.int64)
    for start in range(0, len(corpus.ids), COUNTED):
        counts += np.bincount(corpus.ids[start : start + COUNTED], minlength=V)
    release_pages(corpus.ids)
    if (rare := int((counts < RARE).sum())) > RARE_SHARE * V:
        yield (
            f"{rare:,} of {V:,} different characters occur fewer than {RARE} times, too few to learn them: "
            f"--min-count {RARE} reads them as others"
        )
