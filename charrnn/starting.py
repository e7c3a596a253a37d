"""How a training job starts: as a new run, from another run's weights, or as a resumed run."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from charrnn.clock import running_seconds
from charrnn.compiling import compile_beside
from charrnn.display import pasteable
from charrnn.errors import CheckpointError, ConfigError, CorpusError
from charrnn.job import TrainingJob, notes_on_rare
from charrnn.kinds.config import kind_of, make_config
from charrnn.kinds.contract import Data
from charrnn.kinds.header import header_of, model_of
from charrnn.kinds.kind import Kind
from charrnn.kinds.transfer import Pretrained
from charrnn.storage.checkpoint import Checkpoint, is_resumable, load_checkpoint
from charrnn.storage.corpus import ANY, open_cache, read_corpus
from charrnn.storage.run import Run, find_checkpoint
from charrnn.storage.run_metadata import RunMetadata
from charrnn.text.corpus import Corpus, absolute, corpus_name, corpus_names
from charrnn.text.examples import MalformedRowError
from charrnn.text.sources import ENCODING, STDIN, versions
from charrnn.text.surrogates import CODE_UNIT, join_pairs
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.adaptation import choosing_seconds
from charrnn.training.options import MODEL_OPTIONS, check_documents, check_limits, check_options, check_training, only
from charrnn.training.plan import make_plan, wants_plan
from charrnn.training.resumption import inherited_config, merged_settings
from charrnn.training.run_options import RUN_OPTIONS, RunOptions
from charrnn.training.settings import TRAINING_OPTIONS, limits_in, settings_of
from charrnn.training.speed import training_speed
from charrnn.training.together import ALONE, Together

TRIAL_SHARE, MOST_TRIAL = 0.01, 1.0
"""Limits on the time of one measurement of the machine's speed: a fraction of the run's time, and seconds.

There are up to four measurements."""


def open_job(sources: Sequence[str] = (), *, together: Together = ALONE, **options: Any) -> TrainingJob:
    """Prepare a new run or resume an old one.

    Args:
        sources: files, folders, or "-" for standard input; a resumed run remembers its own.
        together: the processes that train the model, of which this one is the first.
        options: fields of ``RunOptions``, ``ModelConfig`` and ``TrainingSettings``; None means the default.

    Raises:
        CharrnnError: The text, an option, the run's folder or the checkpoint is unfit, or another job trains the run.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "init_from" in given:
        given["init_from"] = str(given["init_from"])
    compared = MODEL_OPTIONS if given.get("resume") or "init_from" in given else ()  # later, with the run's own config
    check_options(**{name: value for name, value in given.items() if name not in compared})
    check_limits(given)
    chosen, sources = RunOptions(**only(RUN_OPTIONS, given)), tuple(sources)
    given = {name: value for name, value in given.items() if name not in RUN_OPTIONS}
    if not chosen.resume and not sources:
        raise CorpusError("no text to train on: give a file, a folder, or - for standard input")
    if chosen.resume:
        run, prepare = _to_resume(chosen.name, sources, chosen.checkpoints), partial(_resumed, together=together)
    else:
        origin = None
        kind = kind_of(given)
        if chosen.as_bytes and not kind.reads_bytes:
            raise ConfigError(f"task {given['task']} reads characters, not bytes: leave as_bytes out")
        if reading := kind.reading:
            if chosen.documents is not None:
                raise ConfigError(f"task {given['task']} reads {reading} by {reading}: leave documents out")
            chosen = dataclasses.replace(chosen, documents=reading)
        if chosen.init_from is not None:
            shape = only(MODEL_OPTIONS, given)
            origin = _origin(chosen.init_from, chosen.checkpoints, shape, chosen.as_bytes)
            documents = chosen.documents or origin.vocabulary.documents or None
            check_documents(documents, origin.config)
            as_bytes = origin.vocabulary.unit == "byte"
            chosen = dataclasses.replace(chosen, as_bytes=as_bytes, documents=documents)
        prepare = partial(_begun, origin=origin, together=together)
        name = corpus_name(sources[0]) if chosen.name is None else chosen.name
        run = Run.create(chosen.checkpoints, name, overwrite=chosen.overwrite)
    try:
        return prepare(run, sources, given, chosen)
    except BaseException:
        run.abandon()
        raise


def _metadata_of(chosen: RunOptions, sources: Sequence[str]) -> dict[str, Any]:
    """Return the fields of ``RunMetadata`` that the user has set."""
    anew = {name: getattr(chosen, name) for name in ("save_every", "keep", "encoding", "counts", "members")}
    anew["sources"] = absolute(sources) or None
    return {name: value for name, value in anew.items() if value is not None}


def _reading_of(chosen: RunOptions) -> dict[str, Any]:
    """Return the options for reading the text, without its encoding."""
    documents = join_pairs(chosen.documents or "")
    return {"as_bytes": chosen.as_bytes, "documents": documents, "min_count": chosen.min_count or 0}


def _to_resume(name: str | None, sources: Sequence[str], checkpoints: Path) -> Run:
    """Open the run called ``name``; without a name, the one named after the first source, or else the newest."""
    if name is None and not sources:
        return newest_run(checkpoints)
    if name is None:
        names = corpus_names(sources[0])
        name = next((name for name in names if Run(checkpoints / name).exists()), names[0])
    return Run.open(checkpoints, name)


def _begun(
    run: Run,
    sources: Sequence[str],
    given: Mapping[str, Any],
    chosen: RunOptions,
    *,
    origin: Pretrained | None,
    together: Together,
) -> TrainingJob:
    opened = running_seconds()
    metadata = RunMetadata(**{"encoding": ENCODING, **_metadata_of(chosen, sources)})
    reading, threads = _reading_of(chosen), chosen.threads or together.threads()
    known = origin.vocabulary.symbols if origin else ""
    into = run.new.corpus if run.exists() else None
    if origin:
        given = {**given, **only(MODEL_OPTIONS, origin.config.to_dict())}
    reading["label_column"] = kind_of(given).label_column(given)
    corpus = read_corpus(run.corpus, sources, encoding=metadata.encoding, **reading, known=known, into=into)
    known_options = origin.config.to_dict() if origin else {}
    data = _data_of(kind_of(given), corpus, {**given, **known_options}, sources, metadata.encoding)
    together.share_corpus(_caches_of(run), corpus)
    if origin:
        _check_same(origin.config, data)
    plan = None
    if chosen.plan and wants_plan(given):
        trial = min(MOST_TRIAL, TRIAL_SHARE * 60 * limits_in(given)["minutes"])

        def speed(config: Any, settings: Any, train: Any) -> float:
            _compile_beside(run, config, settings, corpus)
            together.tell("measure", config, settings)
            how: dict[str, Any] = {"threads": threads, "seconds": trial, "together": together}
            return training_speed(config, settings, corpus.vocabulary, train, **how)

        config = make_config(**data.fields(), **only(MODEL_OPTIONS, given))
        after = config.kind.mixing.seconds(len(corpus.ids)) if _joins_counts(config, chosen, planned=True) else 0.0
        after += choosing_seconds(limits_in(given)["minutes"]) if config.kind.adapts else 0.0
        members = _members_of(config, chosen, together)
        plan = make_plan(given, data, lambda: running_seconds() - opened + after, speed, together.processes, members)
        given = {**given, **plan.options}
    config = make_config(**data.fields(), **only(MODEL_OPTIONS, given))
    members = plan.members if plan else _members_of(config, chosen, together) or 1
    counts = _joins_counts(config, chosen, planned=plan is not None)
    metadata = dataclasses.replace(metadata, counts=counts, members=members, plan=plan.reasons if plan else ())
    settings = settings_of(only(TRAINING_OPTIONS, given))
    new = len(corpus.vocabulary) - len(known)
    started = [f"starts from a trained model; characters that are new to it: {new}"] if origin else []
    files = count_files(sources)
    _compile_beside(run, config, settings, corpus)
    joined = notes_on_files(files) if kind_of(given).documents and not (reading["documents"] or origin) else ()
    remarks = (*started, *joined, *([] if reading["min_count"] else notes_on_rare(corpus)))
    return TrainingJob(
        run,
        corpus,
        config,
        settings,
        metadata,
        threads=threads,
        files=files,
        data=data,
        origin=origin,
        remarks=remarks,
        plan=plan,
        preview=chosen.preview,
        together=together,
    )


def _joins_counts(config: Any, chosen: RunOptions, *, planned: bool) -> bool:
    """Whether counts of the text are to join the model: as asked, else in a planned run where they can."""
    mixing = config.kind.mixing
    can = mixing is not None and mixing.takes_counts(config)
    if chosen.counts and not can:
        raise ConfigError(f"counts cannot join a model {config.model} of this text: leave --counts out")
    return can and (planned if chosen.counts is None else chosen.counts)


def _members_of(config: Any, chosen: RunOptions, together: Together) -> int | None:
    """How many networks to train: as asked, else one where several cannot be mixed; None if a plan may choose."""
    can = config.kind.mixing is not None and "steps" not in config.kind.lacks
    if (chosen.members or 1) == 1:
        return chosen.members if can and chosen.init_from is None and together.processes == 1 else 1
    if not can:
        raise ConfigError(f"several models {config.model} of task {config.task} cannot be mixed: leave --members out")
    if chosen.init_from is not None:
        raise ConfigError("networks that start from one model differ too little to be mixed: leave --members out")
    if together.processes > 1:
        raise ConfigError("a run of several processes trains one network: leave --members or --distributed out")
    return chosen.members


def _check_same(config: Any, data: Data) -> None:
    """Refuse to start from the weights of a model whose config does not fit the data, such as by its classes."""
    for name, value in data.fields().items():
        if name not in config.kind.refitted and getattr(config, name) != value:
            raise ConfigError(
                f"{name} must be as in the model that the run starts from, {getattr(config, name)!r}, not {value!r}: "
                "give data with the same ones, or leave --init-from out"
            )


def _data_of(kind: Kind, corpus: Corpus, given: Mapping[str, Any], sources: Sequence[str], encoding: str) -> Data:
    """Read a kind's data from the corpus of these sources; an error in a line names the line's file and number."""
    try:
        return kind.data(corpus, given)
    except MalformedRowError as error:
        raise error.located(sources, encoding) from None


def _resumed(
    run: Run, sources: Sequence[str], given: Mapping[str, Any], chosen: RunOptions, *, together: Together
) -> TrainingJob:
    checkpoint = load_checkpoint(run.last)
    if not is_resumable(checkpoint.header):
        raise CheckpointError(
            f"{run.last} cannot be resumed: it holds a model without the optimizer's state, as best.safetensors does; "
            "start a new run from it with --init-from"
        )
    try:
        config, vocabulary = _trainable(checkpoint)
        config.require_trainable()
        check_training(given, config)
        origin = checkpoint.header["corpus"]
        own_reading = {
            "as_bytes": vocabulary.unit == "byte",
            "documents": vocabulary.documents,
            "min_count": origin.get("min_count", 0),
        }
        settings, remarks = merged_settings(
            checkpoint.header["settings"],
            {name: option.default for name, option in MODEL_OPTIONS.items()} | config.to_dict() | own_reading,
            {**given, **{name: value for name, value in _reading_of(chosen).items() if value}},
        )
        remarks = (*together.resumes(checkpoint.header), *remarks)
        known = RunMetadata.read(run.metadata) or RunMetadata(
            tuple(origin.get("sources", ())), origin.get("encoding", ENCODING)
        )
        fingerprint, characters = origin["fingerprint"], origin["characters"]
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{run.last} cannot be resumed: its header lacks {error}; start a new run") from error
    metadata = dataclasses.replace(known, **_metadata_of(chosen, sources))
    members = _members_of(config, dataclasses.replace(chosen, members=metadata.members), together) or 1
    counts = _joins_counts(config, chosen, planned=known.counts)
    metadata = dataclasses.replace(metadata, counts=counts, members=members)
    gone = is_gone(sources or metadata.sources)
    if gone:
        metadata = dataclasses.replace(metadata, sources=known.sources)
        remarks += (f"the text cannot be read any more: the run goes on with its own copy of it, {run.corpus}",)
    own_reading |= {"encoding": metadata.encoding, "known": vocabulary.symbols}
    own_reading["label_column"] = config.kind.label_column(config.to_dict())
    corpus = _corpus_of(run, sources, metadata, own_reading, fingerprint, characters, gone=gone)
    if corpus.vocabulary != vocabulary:
        raise CheckpointError(f"{run.last} cannot be resumed: its vocabulary is not that of its text; start a new run")
    _compile_beside(run, config, settings, corpus)
    together.share_corpus(_caches_of(run), corpus)
    return TrainingJob(
        run,
        corpus,
        config,
        settings,
        metadata,
        threads=chosen.threads or together.threads(),
        files=count_files(metadata.sources),
        resumed=checkpoint,
        remarks=remarks,
        preview=chosen.preview,
        together=together,
    )


def _caches_of(run: Run) -> tuple[Path, ...]:
    """List the files one of which holds the run's text."""
    return run.new.corpus.absolute(), run.corpus.absolute()


def _compile_beside(run: Run, config: Any, settings: Any, corpus: Corpus) -> None:
    """Let another process compile what this run will need."""
    text = next((cache for cache in _caches_of(run) if cache.is_file()), run.corpus)
    header = {**header_of(config, corpus.vocabulary), "settings": settings.to_dict()}
    compile_beside({"header": header, "corpus": str(text)})


def count_files(sources: Sequence[str]) -> int:
    """Count the files of a text; 0 if it cannot be found any more, or is standard input."""
    try:
        return len(versions(sources) or ())
    except CorpusError:
        return 0


def notes_on_files(files: int) -> Iterator[str]:
    """Yield a note for the user if a text consists of several files, whose ends the model does not learn."""
    if files > 1:
        yield f"{files:,} files are read as one text; --documents file learns where each ends"


def is_gone(sources: Sequence[str]) -> bool:
    """Whether a text cannot be found any more."""
    try:
        versions(sources)
    except CorpusError:
        return True
    return False


def _corpus_of(
    run: Run,
    sources: Sequence[str],
    metadata: RunMetadata,
    reading: Mapping[str, Any],
    fingerprint: str,
    characters: int,
    *,
    gone: bool,
) -> Corpus:
    """Read the text of a resumed run; take it from the cache if its files are gone, or if it could be read only once.

    Raises:
        CorpusError: The text has changed, or must be given again.
    """
    splits = (False, True) if reading["documents"] else (False,)  # older versions may have split the text differently
    if not sources or gone:
        for old_split in splits:
            cached = open_cache(run.corpus, ANY if gone else None, old_split=old_split, **reading)
            if cached and cached.fingerprint == fingerprint:
                return cached
    if not sources:
        if STDIN in metadata.sources:
            raise CorpusError(
                f"the text of run {run.name!r} came from standard input: pipe it in again, "
                f"with - --resume {pasteable(['--name', run.name, '--checkpoints', str(run.folder.parent)])}"
            )
        if not metadata.sources:
            raise CorpusError(f"nothing tells where the text of run {run.name!r} lies: give it, with --resume")

    def accept(found: str, length: int) -> None:
        if found != fingerprint:
            raise CorpusError(
                f"the text has changed since run {run.name!r} began ({length} characters, then {characters}): "
                "give the same text, or start anew with --overwrite or another --name"
            )

    for old_split in splits:
        try:
            return read_corpus(run.corpus, sources or metadata.sources, accept=accept, old_split=old_split, **reading)
        except CorpusError:
            if old_split == splits[-1]:
                raise
    raise AssertionError("there is a last split")


def _origin(target: str, checkpoints: Path, given: Mapping[str, Any], as_bytes: bool) -> Pretrained:
    """Load the model that a new run with these options starts from."""
    checkpoint = load_checkpoint(find_checkpoint(target, checkpoints))
    config, vocabulary = _trainable(checkpoint)
    if as_bytes and vocabulary.unit != "byte":
        raise ConfigError("this run reads characters and cannot become one of bytes: leave --bytes out, or start anew")
    config = inherited_config(config, given)
    config.require_trainable()
    return Pretrained(config, vocabulary, checkpoint.tensors)


def _trainable(checkpoint: Checkpoint) -> tuple[Any, Vocabulary]:
    """Return a checkpoint's config and vocabulary if the model can be trained further."""
    config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
    if vocabulary.unit == CODE_UNIT:
        raise CheckpointError(
            "this run has learned halves of characters, as an older charrnn read its text, and cannot learn more: "
            "train anew with --overwrite, or only sample from it"
        )
    return config, vocabulary


def newest_run(checkpoints: Path) -> Run:
    """Open the run in the folder whose checkpoint is the newest."""
    return Run.open(checkpoints, find_checkpoint(None, checkpoints).parent.name)
