"""The options of a run by name, and which values and combinations of them can be trained."""

import dataclasses
import math
from collections.abc import Hashable, Mapping
from typing import Any

from charrnn.arguments import MOST_THREADS, check_text, check_whole
from charrnn.errors import ConfigError
from charrnn.model.config import MODELS, OWNERS, ModelConfig
from charrnn.text.sources import check_encoding
from charrnn.training.settings import TrainingSettings

MODEL_OPTIONS = {field.name for field in dataclasses.fields(ModelConfig)} - {"vocab_size", "end_symbol"}
TRAINING_OPTIONS = {field.name for field in dataclasses.fields(TrainingSettings)}

COUNTING_OPTIONS = {"val_fraction", "rng_seed"}
"""Those of them that an n-gram model has, which is counted in one pass."""

WITH_ANOTHER = {"model", "precision", "seq_length", "update_every", "val_fraction", "documents"}
"""Options whose values must fit those of others."""

DEFAULTS = {field.name: field.default for kind in (ModelConfig, TrainingSettings) for field in dataclasses.fields(kind)}


def check_options(
    *,
    threads: int | None = None,
    save_every: int | None = None,
    keep: int | None = None,
    encoding: str | None = None,
    as_bytes: bool = False,
    documents: str | None = None,
    min_count: int | None = None,
    **options: Any,
) -> None:
    """Refuse what cannot be trained, before a text is read and a folder made for it; the options of ``open_job``.

    Raises:
        ConfigError: an option is unknown or out of range.
    """
    unknown = set(options) - MODEL_OPTIONS - TRAINING_OPTIONS
    if unknown:
        raise ConfigError(f"unknown option {sorted(unknown)[0]!r}: see charrnn train --help")
    for option, count, least, most in (
        ("threads", threads, 1, MOST_THREADS),
        ("save_every", save_every, 0, math.inf),
        ("keep", keep, 0, math.inf),
    ):
        if count is not None:
            check_whole(option, count, least, most)
    if encoding is not None and not as_bytes:
        check_encoding(encoding)
    check_min_count(min_count, as_bytes)
    model = options.get("model", "rnn")
    check_documents(documents, model)
    check_training(options, model)
    ModelConfig(vocab_size=1, **only(MODEL_OPTIONS, options)).require_trainable()
    TrainingSettings(**only(TRAINING_OPTIONS, options))


def check_value(option: str, value: Any) -> None:
    """Refuse a value that no run can have, whatever its other options are.

    Raises:
        ConfigError: the option is unknown, or the value out of range.
    """
    others: dict[str, Any] = {"model": OWNERS.get(option, MODELS)[0]} if option in MODEL_OPTIONS else {}
    if option == "update_every":
        others["seq_length"] = max(value, 1)
    check_options(**others | {option: value})


def interplay(options: Mapping[str, Any]) -> Hashable:
    """What decides whether options fit together that each fit alone: if one set does, so do those with the same value.

    A number is compared with no other but those of ``WITH_ANOTHER``; of the rest it matters whether the model has them.
    """
    return frozenset(
        [
            (name, value if name in WITH_ANOTHER else value != DEFAULTS[name])
            for name, value in options.items()
            if name in WITH_ANOTHER or name in DEFAULTS
        ]
    )


def check_documents(documents: str | None, model: str) -> None:
    """Refuse documents that nothing separates, and those of a model that cannot learn where they end.

    Raises:
        ConfigError: they are such.
    """
    if documents is not None:
        check_text("documents", documents, str)
    if documents == "":  # a shell's unset variable
        raise ConfigError("documents must be line, file or what separates them, got nothing: leave it out")
    if documents and model != "rnn":
        raise ConfigError(f"documents are for a recurrent network, not for a {model} model: leave documents out")


def check_min_count(min_count: int | None, as_bytes: bool) -> None:
    """Refuse it where bytes are read: if one is replaced, the others of its character are none.

    Raises:
        ConfigError: they are, or it is no whole number of at least 0.
    """
    if min_count is not None:
        check_whole("min_count", min_count, 0)
    if as_bytes and min_count:
        raise ConfigError("min_count is for characters, not for bytes: leave it out")


def check_training(options: Mapping[str, Any], model: str) -> None:
    """Refuse training options that the model has not, unless they are the defaults.

    Raises:
        ConfigError: there are such.
    """
    unused = TRAINING_OPTIONS - COUNTING_OPTIONS if model == "ngram" else set()
    for name, value in only(unused, options).items():
        if value != DEFAULTS[name]:
            raise ConfigError(f"model {model} has no {name}: leave it out")


def only(names: set[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of these names."""
    return {name: value for name, value in given.items() if name in names}
