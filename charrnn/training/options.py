"""Which options of a run go together, before a text is read and a folder made for it."""

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.model.config import MODEL_OPTIONS, MODELS, ModelConfig
from charrnn.options import Option
from charrnn.training.run_options import RUN_OPTIONS, RunOptions
from charrnn.training.settings import TRAINING_OPTIONS, TrainingSettings

ALL_OPTIONS: dict[str, Option] = {**RUN_OPTIONS, **MODEL_OPTIONS, **TRAINING_OPTIONS}
"""All of them, by name."""

WITH_ANOTHER = {
    "model",
    "precision",
    "seq_length",
    "update_every",
    "val_fraction",
    "documents",
    "as_bytes",
    "min_count",
}
"""Options whose values must fit those of others."""


def check_options(**options: Any) -> None:
    """Refuse what cannot be trained; the options of ``open_job``.

    Raises:
        ConfigError: an option is unknown or out of range, or options do not go together.
    """
    if unknown := sorted(options.keys() - ALL_OPTIONS.keys()):
        raise ConfigError(f"unknown option {unknown[0]!r}: see charrnn train --help")
    run = RunOptions(**only(RUN_OPTIONS, options))
    model = options.get("model", MODEL_OPTIONS["model"].default)
    check_documents(run.documents, model)
    check_training(options, model)
    ModelConfig(vocab_size=1, **only(MODEL_OPTIONS, options)).require_trainable()
    TrainingSettings(**only(TRAINING_OPTIONS, options))


def check_value(name: str, value: Any) -> None:
    """Refuse a value that no run can have, whatever its other options are.

    Raises:
        ConfigError: the option is unknown, or the value out of range.
    """
    others: dict[str, Any] = {"model": (ALL_OPTIONS[name].models or MODELS)[0]} if name in MODEL_OPTIONS else {}
    if name == "update_every":
        others["seq_length"] = max(value, 1)
    check_options(**others | {name: value})


def interplay(options: Mapping[str, Any]) -> Hashable:
    """What decides whether options fit together that each fit alone: if one set does, so do those with the same value.

    A number is compared with no other but those of ``WITH_ANOTHER``; of the rest it matters whether the model has them.
    """
    return frozenset(
        (name, value if name in WITH_ANOTHER else value != ALL_OPTIONS[name].default)
        for name, value in options.items()
        if name in WITH_ANOTHER or name in MODEL_OPTIONS or name in TRAINING_OPTIONS
    )


def check_documents(documents: str | None, model: str) -> None:
    """Refuse documents for a model that cannot learn where they end.

    Raises:
        ConfigError: it cannot.
    """
    if documents and model != "rnn":
        raise ConfigError(f"documents are for a recurrent network, not for a {model} model: leave documents out")


def check_training(options: Mapping[str, Any], model: str) -> None:
    """Refuse training options that the model has not, unless they are the defaults.

    Raises:
        ConfigError: there are such.
    """
    for name, value in only(TRAINING_OPTIONS, options).items():
        declared = TRAINING_OPTIONS[name]
        if value != declared.default and model not in (declared.models or MODELS) and model in MODELS:
            raise ConfigError(f"model {model} has no {name}: leave it out")


def only(names: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of these names."""
    return {name: value for name, value in given.items() if name in names}
