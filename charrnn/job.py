"""A training job: a corpus, a trainer, and a run's folder brought together."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from charrnn.errors import CheckpointError, ConfigError, CorpusError
from charrnn.model.config import ModelConfig
from charrnn.model.header import model_of
from charrnn.model.transfer import Pretrained
from charrnn.model.workers import available_threads
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint
from charrnn.storage.corpus import open_cache, read_corpus
from charrnn.storage.metrics import read_metrics
from charrnn.storage.notes import Notes
from charrnn.storage.recorder import Recorder, go_back
from charrnn.storage.run import Run, find_checkpoint
from charrnn.text.corpus import Corpus, absolute, corpus_name
from charrnn.text.documents import Documents, split
from charrnn.text.sources import ENCODING, STDIN
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.advice import advice
from charrnn.training.contract import BaseTrainer
from charrnn.training.counting import CountingTrainer
from charrnn.training.events import CheckpointDue, Evaluated, Event, Finished, SaveFailed, Started
from charrnn.training.fitting import fit_settings
from charrnn.training.options import MODEL_OPTIONS, TRAINING_OPTIONS, check_documents, check_options, only
from charrnn.training.resumption import inherited_config, merged_settings
from charrnn.training.settings import TrainingSettings
from charrnn.training.trainer import Trainer


class TrainingJob:
    """A trainer whose checkpoints and metrics go into a run's folder.

    No other job can train the run until ``events`` has come to its end, or ``close`` is called.

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
        notes: Notes,
        *,
        threads: int,
        origin: Pretrained | None = None,
        resumed: Checkpoint | None = None,
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.run = run
        train_ids, val_ids = split(corpus, settings.val_fraction)
        counted = config.model == "ngram"
        fitted, shrunk = (settings, ()) if counted else fit_settings(settings, len(train_ids))
        if settings.val_fraction and not len(val_ids):
            shrunk = (*shrunk, "the text is too short to validate on a part of it")
        if isinstance(train_ids, Documents) and isinstance(val_ids, Documents):
            counts = f"{train_ids.count:,} documents to train on, {val_ids.count:,} to validate with"
            shrunk = (*shrunk, f"{counts}: the end of each counts as one character")
        trainer = CountingTrainer if counted else Trainer
        self.trainer: BaseTrainer = trainer(
            config, fitted, corpus.vocabulary, train_ids, val_ids, threads=threads, save_every=notes.save_every
        )
        if origin:
            assert isinstance(self.trainer, Trainer)
            self.trainer.begin_with(origin)
        self._notes = notes
        self._header = {
            "settings": settings.to_dict(),
            "corpus": {"fingerprint": corpus.fingerprint, "characters": len(corpus.ids)},
        }
        if resumed:
            self.trainer.restore(resumed.tensors, resumed.header)
            self.trainer.clock.seconds = notes.seconds
            go_back(run, self.trainer.progress.step)
        self._evaluations = read_metrics(run.metrics) if resumed else []
        self._recorder = Recorder(run, keep=notes.keep, resumed=resumed is not None)
        self.started = Started(
            run=str(run.folder),
            resumed_from=self.trainer.progress.step,
            characters=len(train_ids),
            val_characters=len(val_ids),
            vocabulary=len(corpus.vocabulary),
            parameters=self.trainer.parameter_count,
            threads=threads,
            notes=remarks + shrunk,
        )

    def events(self) -> Iterator[Event]:
        """Train; yields each event after what it asks for has been saved.

        Raises:
            RunError: the end of the run could not be saved. Before the end, that is a ``SaveFailed``.
            TrainingError: training has diverged again and again.
        """
        try:
            yield self.started
            for event in self.trainer.run():
                yield self._recorded(event)
        finally:
            self.close()

    def close(self) -> None:
        """Let other jobs train the run."""
        self.run.release()

    def _recorded(self, event: Event) -> Event:
        """The event, once what it asks for has been saved; or what became of that."""
        recorder = self._recorder
        if isinstance(event, Evaluated):
            self._evaluations.append(dataclasses.asdict(event))
            recorder.record(self._evaluations[-1])
        elif isinstance(event, CheckpointDue):
            self._save(event.kind)
            if recorder.failure:
                return SaveFailed(event.step, str(recorder.failure))
        elif isinstance(event, Finished) and recorder.failure:
            self._save("last")
            if recorder.failure:
                raise recorder.failure
        if isinstance(event, Finished) and event.reason != "interrupted":
            return dataclasses.replace(event, hint=advice(self._evaluations))
        return event

    def _save(self, kind: Literal["last", "best"]) -> None:
        tensors, header = self.trainer.snapshot()
        checkpoint = Checkpoint(tensors, header | self._header)
        if kind == "best":
            self._recorder.save_best(checkpoint)
        else:
            notes = dataclasses.replace(self._notes, seconds=self.trainer.clock.seconds)
            self._recorder.save_last(checkpoint, notes, self.trainer.progress.step)


def open_job(
    sources: Sequence[str] = (),
    *,
    name: str | None = None,
    checkpoints: str | Path = "checkpoints",
    init_from: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    save_every: int | None = None,
    keep: int | None = None,
    encoding: str | None = None,
    as_bytes: bool = False,
    documents: str | None = None,
    **options: Any,
) -> TrainingJob:
    """Prepare a new run, or take up an old one.

    Args:
        sources: files, folders, or "-" for standard input; a resumed run knows its own.
        name: of the run; the first source's stem if not given.
        checkpoints: folder that holds the runs.
        init_from: a run, a run's folder or a checkpoint file, whose weights a new run starts from; its model's options
            are those of the new one.
        resume: continue the run of that name; without a name or sources, the newest.
        overwrite: replace an older run of that name.
        threads: how many; all cores if not given.
        save_every: steps between two saves; if not given, about once a minute, or what a resumed run was given.
        keep: how many checkpoints before the last one to keep; if not given, none, or as ``save_every``.
        encoding: of the text; UTF-8 if not given, or what a resumed run was given.
        as_bytes: train on bytes instead of characters.
        documents: train on documents: "line", "file" or what separates them, see ``charrnn.text.documents``.
        options: fields of ``ModelConfig`` and ``TrainingSettings``; None stands for the default.

    Raises:
        CharrnnError: the text, an option, the run's folder or the checkpoint is not fit, or another job trains the run.
    """
    given = {key: value for key, value in options.items() if value is not None}
    compared = MODEL_OPTIONS if resume or init_from else ()  # with what the run is
    checked = {key: value for key, value in given.items() if key not in compared}
    check_options(
        threads=threads,
        save_every=save_every,
        keep=keep,
        encoding=encoding,
        as_bytes=as_bytes,
        documents=documents,
        **checked,
    )
    threads = threads or available_threads()
    folder, sources = Path(checkpoints), tuple(sources)
    if resume and overwrite:
        raise ConfigError("a run is either resumed or overwritten: give --resume or --overwrite, not both")
    if resume and init_from:
        raise ConfigError("a resumed run goes on from its own weights: give --resume or --init-from, not both")
    if not resume and not sources:
        raise CorpusError("no text to train on: give a file, a folder, or - for standard input")
    anew = {"save_every": save_every, "keep": keep, "encoding": encoding, "sources": absolute(sources) or None}
    notes = {key: value for key, value in anew.items() if value is not None}
    if resume:
        run = Run.open(folder, name or corpus_name(sources[0])) if name or sources else newest_run(folder)
        opened = _resumed
    else:
        opened = _begun
        if init_from:
            origin = _origin(str(init_from), folder, only(MODEL_OPTIONS, given), as_bytes)
            as_bytes, opened = origin.vocabulary.unit == "byte", partial(_begun, origin=origin)
            documents = documents or origin.vocabulary.documents
            check_documents(documents, origin.config.model)
        run = Run.create(folder, name or corpus_name(sources[0]), overwrite=overwrite)
    try:
        return opened(run, sources, given, notes, as_bytes, documents or "", threads)
    except BaseException:
        run.abandon()
        raise


def _begun(
    run: Run,
    sources: Sequence[str],
    given: Mapping[str, Any],
    anew: Mapping[str, Any],
    as_bytes: bool,
    documents: str,
    threads: int,
    origin: Pretrained | None = None,
) -> TrainingJob:
    notes = Notes(**{"encoding": ENCODING, **anew})
    known = origin.vocabulary.symbols if origin else ""
    reading: dict[str, Any] = {"encoding": notes.encoding, "as_bytes": as_bytes, "documents": documents, "known": known}
    corpus = read_corpus(run.corpus, sources, **reading)
    V = len(corpus.vocabulary)
    shape = origin.config.to_dict() if origin else only(MODEL_OPTIONS, given)
    config = ModelConfig(**shape | {"vocab_size": V, "end_symbol": bool(documents)})
    settings = TrainingSettings(**only(TRAINING_OPTIONS, given))
    remarks = (f"starts from a trained model; characters that are new to it: {V - len(known)}",) if origin else ()
    return TrainingJob(run, corpus, config, settings, notes, threads=threads, origin=origin, remarks=remarks)


def _resumed(
    run: Run,
    sources: Sequence[str],
    given: Mapping[str, Any],
    anew: Mapping[str, Any],
    as_bytes: bool,
    documents: str,
    threads: int,
) -> TrainingJob:
    checkpoint = load_checkpoint(run.last)
    try:
        config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
        origin = checkpoint.header["corpus"]
        reading = {"as_bytes": vocabulary.unit == "byte", "documents": vocabulary.documents}
        asked = {"as_bytes": as_bytes, "documents": documents}
        settings, remarks = merged_settings(
            checkpoint.header["settings"],
            dataclasses.asdict(config) | reading,
            {**given, **{name: value for name, value in asked.items() if value}},
        )
        known = Notes.read(run.notes) or Notes(tuple(origin.get("sources", ())), origin.get("encoding", ENCODING))
        fingerprint, characters = origin["fingerprint"], origin["characters"]
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{run.last} cannot be resumed: its header lacks {error}") from error
    notes = dataclasses.replace(known, **anew)
    corpus = _corpus_of(run, sources, notes, vocabulary, fingerprint, characters)
    if corpus.vocabulary != vocabulary:
        raise CheckpointError(f"{run.last} cannot be resumed: its vocabulary is not that of its text")
    return TrainingJob(run, corpus, config, settings, notes, threads=threads, resumed=checkpoint, remarks=remarks)


def _corpus_of(
    run: Run, sources: Sequence[str], notes: Notes, vocabulary: Vocabulary, fingerprint: str, characters: int
) -> Corpus:
    """The text of a resumed run; what could be read only once is still in the cache.

    Raises:
        CorpusError: it has changed, or must be given again.
    """
    reading: dict[str, Any] = {
        "encoding": notes.encoding,
        "as_bytes": vocabulary.unit == "byte",
        "documents": vocabulary.documents,
        "known": vocabulary.symbols,
    }
    if not sources:
        cached = open_cache(run.corpus, None, **reading)
        if cached and cached.fingerprint == fingerprint:
            return cached
        if STDIN in notes.sources:
            raise CorpusError(
                f"the text of run {run.name!r} came from standard input: pipe it in again, "
                f"with - --resume --name {run.name}"
            )
        if not notes.sources:
            raise CorpusError(f"nothing tells where the text of run {run.name!r} lies: give it, with --resume")

    def accept(found: str, length: int) -> None:
        if found != fingerprint:
            raise CorpusError(
                f"the text has changed since run {run.name!r} began ({length} characters, then {characters}): "
                "give the same text, or start anew with --overwrite or another --name"
            )

    return read_corpus(run.corpus, sources or notes.sources, accept=accept, **reading)


def _origin(target: str, checkpoints: Path, given: Mapping[str, Any], as_bytes: bool) -> Pretrained:
    """The model that a new run with these options starts from."""
    checkpoint = load_checkpoint(find_checkpoint(target, checkpoints))
    config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
    if as_bytes and vocabulary.unit != "byte":
        raise ConfigError("this run reads characters and cannot become one of bytes: leave --bytes out, or start anew")
    config = inherited_config(config, given)
    config.require_runnable()
    return Pretrained(config, vocabulary, checkpoint.tensors)


def newest_run(checkpoints: Path) -> Run:
    """The run in the folder whose checkpoint is the newest."""
    return Run.open(checkpoints, find_checkpoint(None, checkpoints).parent.name)
