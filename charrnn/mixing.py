"""Mixing the models of runs; see ``charrnn mix``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn.errors import CheckpointError, ConfigError, CorpusError, VocabularyError
from charrnn.kinds.contract import Combined
from charrnn.kinds.header import header_of, model_of
from charrnn.kinds.mixing import Mixing
from charrnn.models.mixture.config import LEAST_MEMBERS
from charrnn.storage.atomic import link_or_copy, writing
from charrnn.storage.checkpoint import WEIGHTS_ONLY, Checkpoint, load_checkpoint
from charrnn.storage.recorder import Recorder
from charrnn.storage.run import Run, find_checkpoint
from charrnn.storage.run_metadata import RunMetadata
from charrnn.storage.trained_on import data_parts_of
from charrnn.text.documents import read_documents
from charrnn.text.examples import MalformedRowError
from charrnn.text.sources import ENCODING
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.progress import best_of
from charrnn.workers import Workers

COUNTS = "counts"
"""The name of the counts that join a mixture."""


@dataclass(frozen=True)
class MixedRun:
    """A mixture that was written.

    Attributes:
        path: its checkpoint.
        names: of the models: the runs, and COUNTS.
        combined: what they are worth.
        config: the mixture's shape.
        unit: what losses are means of.
    """

    path: Path
    names: tuple[str, ...]
    combined: Combined
    config: Any
    unit: str


def mix_runs(
    targets: Sequence[str],
    name: str,
    *,
    checkpoints: Path,
    counts: bool = True,
    held_out: str | None = None,
    encoding: str | None = None,
    overwrite: bool = False,
    threads: int = 1,
) -> MixedRun:
    """Mix the models of runs and write the mixture as a run of its own.

    Args:
        targets: runs or checkpoint files.
        name: of the mixture.
        checkpoints: folder of the runs.
        counts: whether an n-gram model of the first run's text joins.
        held_out: a file to learn the weights from; the validation text of the first run if not given.
        encoding: of that file.
        overwrite: whether a run of that name may be replaced.
        threads: how many.

    Raises:
        CharrnnError: a run cannot be read, the models do not fit together, or the mixture cannot be written.
    """
    paths = [find_checkpoint(target, checkpoints) for target in targets]
    for target, path in zip(targets, paths, strict=True):
        if sum(path.samefile(other) for other in paths) > 1:
            raise ConfigError(f"the members of a mixture must be different models, not {target} twice: leave one out")
    loaded = [load_checkpoint(path) for path in paths]
    shapes = [model_of(one.header, one.tensors) for one in loaded]
    workers = Workers(threads)
    configs, vocabulary = [config.trainable() for config, _ in shapes], shapes[0][1]
    if any(other != vocabulary for _, other in shapes):
        raise ConfigError("the members of a mixture must have one vocabulary: choose runs of one text")
    first, mixing = configs[0], mixing_of(configs[0])
    models = [config.kind.load(config, one.tensors, workers) for config, one in zip(configs, loaded, strict=True)]
    parts = data_parts_of(paths[0])
    if held_out is None:
        _check_same_text(loaded, targets)
    taught = _held_out(held_out, encoding, first, vocabulary) if held_out is not None else parts and parts[1]
    if taught is None:
        raise CheckpointError(
            f"the text of {targets[0]} is gone: give a text to learn the weights from with --held-out"
        )
    names = list(targets)
    if counts and parts and all(mixing.takes_counts(config) for config in configs):
        models.append(mixing.counts(first, parts[0], sum(map(counted_bytes, paths)), workers))
        names.append(COUNTS)
    combined = mixing.combine(models, taught, workers, least=LEAST_MEMBERS)
    assert combined.mixture
    path = _written(combined, paths[0], loaded[0], vocabulary, name, checkpoints, overwrite)
    return MixedRun(path, tuple(names), combined, combined.mixture.config, mixing.unit)


def _written(
    combined: Combined,
    path: Path,
    first: Checkpoint,
    vocabulary: Vocabulary,
    name: str,
    checkpoints: Path,
    overwrite: bool,
) -> Path:
    """Write a mixture as a run with the header of its first run, whose checkpoint is ``path``, and with its text."""
    run = Run.create(checkpoints, name, overwrite=overwrite)
    try:
        recorder = Recorder(run, keep=0, resumed=False)
        recorder.save_last(checkpoint_of(combined, first.header, vocabulary), RunMetadata(ended="mixed"), 0)
        if recorder.failure:
            raise recorder.failure
        text = Run(path.parent).corpus
        with writing(run.folder):
            run.corpus.unlink(missing_ok=True)
            if text.is_file():
                link_or_copy(text, run.corpus, run.corpus)
    except BaseException:
        run.abandon()
        raise
    run.release()
    return run.last


def mixing_of(config: Any) -> Mixing:
    """How models of this kind are mixed.

    Raises:
        ConfigError: they are not.
    """
    found: Mixing | None = config.kind.mixing
    if found is None:
        raise ConfigError(
            f"model {config.model} of task {config.task} cannot join a mixture: choose models that write text, "
            "label, or have learned pairs"
        )
    return found


def mixed_at_end(
    paths: Sequence[Path], train: Any, validation: Any, workers: Workers, *, counts: bool
) -> tuple[Combined, Checkpoint]:
    """Mix the networks of checkpoints, and counts of their training data if asked; the first network stays.

    Returns:
        The mixture, and the checkpoint of the first network.

    Raises:
        CorpusError: the data to validate with are too few.
    """
    loaded = [load_checkpoint(path) for path in paths]
    configs = [model_of(one.header, one.tensors)[0] for one in loaded]
    models = [config.kind.load(config, one.tensors, workers) for config, one in zip(configs, loaded, strict=True)]
    mixing = mixing_of(configs[0])
    if counts:
        models.append(mixing.counts(configs[0], train, sum(map(counted_bytes, paths)), workers))
    return mixing.combine(models, validation, workers, fixed=1), loaded[0]


def checkpoint_of(combined: Combined, header: Mapping[str, Any], vocabulary: Vocabulary) -> Checkpoint:
    """The checkpoint of a mixture, with what the header of its first run tells of the training."""
    mixture: Any = combined.mixture
    own = {key: header[key] for key in ("settings", "corpus", "progress", "epoch", "adaptation") if key in header}
    if "progress" in own:
        metric = mixture.config.kind.metrics[0]
        own["progress"] = {**own["progress"], best_of(metric): combined.best}
    tensors = mixture.to_tensors()
    parameters = sum(int(tensor.size) for tensor in tensors.values())
    described = {**header_of(mixture.config, vocabulary), "parameters": parameters, WEIGHTS_ONLY: True}
    return Checkpoint(tensors, own | described)


def counted_bytes(path: Path) -> int:
    """How many bytes counts beside the model of a checkpoint may take: as many as its run's last checkpoint has.

    So a mixture's file is at most twice as large as those that its networks are trained with.
    """
    last = Run(path.parent).last
    return (last if last.is_file() else path).stat().st_size


def _check_same_text(loaded: Sequence[Checkpoint], targets: Sequence[str]) -> None:
    """Refuse runs of different texts or parts of one, as one may have learned what another one validates with."""
    try:
        known = [(one.header["corpus"]["fingerprint"], one.header["settings"]["val_fraction"]) for one in loaded]
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"a run's header lacks {error}: give a text for the weights with --held-out") from error
    for target, own in zip(targets, known, strict=True):
        if own != known[0]:
            raise ConfigError(
                f"{target} has learned another text than {targets[0]}: give one that no run has learned with --held-out"
            )


def _held_out(file: str, encoding: str | None, config: Any, vocabulary: Vocabulary) -> Any:
    pieces = read_documents(
        [file],
        vocabulary.documents,
        encoding=encoding or ENCODING,
        unit=vocabulary.unit,
        label_column=config.kind.label_column(config.to_dict()),
    )
    try:
        return mixing_of(config).held_out(config, "".join(piece.text for piece in pieces), vocabulary)
    except MalformedRowError as error:
        raise error.located([file], encoding or ENCODING) from None
    except (CorpusError, VocabularyError) as error:
        raise CorpusError(f"cannot learn weights from {file}: {error}") from None
