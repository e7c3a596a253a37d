"""A training job: a corpus, a trainer, and a run's folder brought together."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charrnn.errors import CheckpointError, ConfigError, CorpusError
from charrnn.model.config import ModelConfig
from charrnn.model.header import model_of
from charrnn.model.workers import available_threads
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from charrnn.storage.run import Run, find_checkpoint
from charrnn.text.corpus import Corpus, corpus_name, read_corpus, split
from charrnn.text.sources import ENCODING, STDIN
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import fit
from charrnn.training.counting import CountingTrainer
from charrnn.training.events import CheckpointDue, Evaluated, Event, Started
from charrnn.training.settings import TrainingSettings
from charrnn.training.trainer import Trainer

MODEL_OPTIONS = {field.name for field in dataclasses.fields(ModelConfig)} - {"vocab_size"}
TRAINING_OPTIONS = {field.name for field in dataclasses.fields(TrainingSettings)}
LIMITS = {"steps", "epochs", "minutes"}
CHANGEABLE = LIMITS | {
    "learning_rate",
    "schedule",
    "warmup_steps",
    "decay_rate",
    "decay_every",
    "clip_norm",
    "clip_value",
    "eval_every",
}
"""Options that a resumed run may be given anew; the others are part of what it is."""


class TrainingJob:
    """A trainer whose checkpoints and metrics go into a run's folder.

    Attributes:
        run: the folder.
        trainer: the trainer; ``trainer.stop()`` ends the job after the step under way.
        started: what the job's first event says.
    """

    def __init__(
        self,
        run: Run,
        corpus: Corpus,
        config: ModelConfig,
        settings: TrainingSettings,
        vocabulary: Vocabulary,
        threads: int,
    ) -> None:
        self.run = run
        train_ids, val_ids = split(vocabulary.encode(corpus.text), settings.val_fraction)
        counted = config.model == "ngram"
        fitted, notes = (settings, ()) if counted else fit_settings(settings, len(train_ids))
        if settings.val_fraction and not len(val_ids):
            notes = (*notes, "the text is too short to validate on a part of it")
        trainer = CountingTrainer if counted else Trainer
        self.trainer: CountingTrainer | Trainer = trainer(
            config, fitted, vocabulary, train_ids, val_ids, threads=threads
        )
        self._header = {
            "settings": settings.to_dict(),
            "corpus": {
                "encoding": corpus.encoding,
                "sources": list(corpus.sources),
                "fingerprint": corpus.fingerprint,
                "characters": len(corpus.text),
            },
        }
        self._replaces = any(path.exists() for path in (run.last, run.best, run.metrics))
        self._held: Evaluated | None = None
        self.started = Started(
            run=str(run.folder),
            resumed_from=0,
            characters=len(train_ids),
            val_characters=len(val_ids),
            vocabulary=len(vocabulary),
            parameters=self.trainer.parameter_count,
            threads=threads,
            notes=notes,
        )

    def continue_from(self, checkpoint: Checkpoint) -> None:
        """Take up the state that the run's last checkpoint holds."""
        self.trainer.restore(checkpoint.tensors, checkpoint.header)
        step = self.trainer.progress.step
        self.run.truncate_metrics(step)
        self.started = dataclasses.replace(self.started, resumed_from=step)
        self._replaces = False

    def events(self) -> Iterator[Event]:
        """Train; yields each event after what it asks for has been saved."""
        yield self.started
        for event in self.trainer.run():
            if isinstance(event, Evaluated | CheckpointDue):
                self._save(event)
            yield event

    def _save(self, event: Evaluated | CheckpointDue) -> None:
        if self._replaces:
            self._replace_older_run(event)
        elif isinstance(event, Evaluated):
            self.run.append_metrics(dataclasses.asdict(event))
        else:
            self._write(self.run.best if event.kind == "best" else self.run.last)

    def _replace_older_run(self, event: Evaluated | CheckpointDue) -> None:
        """Keep all of an older run until the first checkpoint of this one has been written."""
        if isinstance(event, Evaluated):
            self._held = event
            return
        self._write(self.run.last)
        self.run.clear(keep_last=True)
        self._replaces = False
        for held in (self._held, event):
            if held is not None:
                self._save(held)

    def _write(self, path: Path) -> None:
        tensors, header = self.trainer.snapshot()
        save_checkpoint(path, Checkpoint(tensors, header | self._header))


def open_job(
    sources: Sequence[str] = (),
    *,
    name: str | None = None,
    checkpoints: str | Path = "checkpoints",
    resume: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    encoding: str | None = None,
    as_bytes: bool = False,
    **options: Any,
) -> TrainingJob:
    """Prepare a new run, or take up an old one.

    Args:
        sources: files, folders, or "-" for standard input; a resumed run knows its own.
        name: of the run; the first source's stem if not given.
        checkpoints: folder that holds the runs.
        resume: continue the run of that name; without a name or sources, the newest.
        overwrite: replace an older run of that name.
        threads: how many; all cores if not given.
        encoding: of the text; UTF-8 if not given, or what a resumed run was given.
        as_bytes: train on bytes instead of characters.
        options: fields of ``ModelConfig`` and ``TrainingSettings``; None stands for the default.

    Raises:
        CharrnnError: the text, an option, the run's folder or the checkpoint is not fit.
    """
    given = {key: value for key, value in options.items() if value is not None}
    unknown = set(given) - MODEL_OPTIONS - TRAINING_OPTIONS
    if unknown:
        raise ConfigError(f"unknown option {sorted(unknown)[0]!r}: see charrnn train --help")
    if threads is not None and threads < 1:
        raise ConfigError(f"threads must be at least 1, not {threads}")
    threads = threads or available_threads()
    folder = Path(checkpoints)
    if resume and overwrite:
        raise ConfigError("a run is either resumed or overwritten: give --resume or --overwrite, not both")
    if resume:
        run = Run.open(folder, name or corpus_name(sources[0])) if name or sources else newest_run(folder)
        return _resumed(run, sources, threads, given, encoding, as_bytes)
    if not sources:
        raise CorpusError("no text to train on: give a file, a folder, or - for standard input")
    settings = TrainingSettings(**{key: value for key, value in given.items() if key in TRAINING_OPTIONS})
    corpus = read_corpus(sources, encoding=encoding or ENCODING, as_bytes=as_bytes)
    vocabulary = Vocabulary.of(corpus.text, corpus.unit)
    shape = {key: value for key, value in given.items() if key in MODEL_OPTIONS}
    config = ModelConfig(vocab_size=len(vocabulary), **shape)
    config.require_runnable()
    run = Run.create(folder, name or corpus.name, overwrite=overwrite)
    return TrainingJob(run, corpus, config, settings, vocabulary, threads)


def _resumed(
    run: Run, sources: Sequence[str], threads: int, given: Mapping[str, Any], encoding: str | None, as_bytes: bool
) -> TrainingJob:
    checkpoint = load_checkpoint(run.last)
    try:
        config, vocabulary = model_of(checkpoint.header)
        known = checkpoint.header["settings"]
        origin = checkpoint.header["corpus"]
        settings = TrainingSettings(**merged_settings(known, dataclasses.asdict(config), given))
        if not sources and STDIN in origin["sources"]:
            raise CorpusError(
                f"the text of run {run.name!r} came from standard input: pipe it in again, "
                f"with - --resume --name {run.name}"
            )
        sources = sources or origin["sources"]
        encoding = encoding or origin.get("encoding", ENCODING)
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{run.last} cannot be resumed: its header lacks {error}") from error
    corpus = read_corpus(sources, encoding=encoding, as_bytes=as_bytes or vocabulary.unit == "byte")
    if corpus.fingerprint != origin["fingerprint"]:
        raise CorpusError(
            f"the text has changed since run {run.name!r} began ({len(corpus.text)} characters, then "
            f"{origin['characters']}): give the same text, or start anew with --overwrite or another --name"
        )
    job = TrainingJob(run, corpus, config, settings, vocabulary, threads)
    job.continue_from(checkpoint)
    return job


def newest_run(checkpoints: Path) -> Run:
    """The run in the folder whose checkpoint is the newest."""
    return Run.open(checkpoints, find_checkpoint(None, checkpoints).parent.name)


def merged_settings(known: Mapping[str, Any], shape: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a resumed run: the old ones, and what may be given anew.

    A limit given anew takes the place of all the old limits.

    Raises:
        ConfigError: an option is given that would make it another run.
    """
    for key, value in given.items():
        old = {**shape, **known}[key]
        if key not in CHANGEABLE and value != old:
            raise ConfigError(
                f"{key} is {old!r} in this run and cannot become {value!r}: leave it out, or start a new run"
            )
    kept = dict.fromkeys(LIMITS, 0) if LIMITS & set(given) else {}
    return {**known, **kept, **{key: value for key, value in given.items() if key in TRAINING_OPTIONS}}


def fit_settings(settings: TrainingSettings, characters: int) -> tuple[TrainingSettings, tuple[str, ...]]:
    """Settings whose batch and window the text can fill, and a note where they had to shrink."""
    streams, length = fit(characters, settings.batch_size, settings.seq_length)
    if (streams, length) == (settings.batch_size, settings.seq_length):
        return settings, ()
    note = (
        f"{characters:,} characters are few: {streams} stream{'s' if streams > 1 else ''} with windows of {length} "
        f"instead of {settings.batch_size} and {settings.seq_length}"
    )
    return dataclasses.replace(settings, batch_size=streams, seq_length=length), (note,)
