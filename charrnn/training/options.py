"""Check that a run's options fit together, before its text is read and its folder created."""

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from charrnn.arguments import did_you_mean
from charrnn.errors import ConfigError
from charrnn.hyperparameters import options_in, owner_of
from charrnn.kinds.config import ModelConfig, kind_of, kinds, make_config, options_of_models
from charrnn.options import Option, options_of
from charrnn.training.run_options import RUN_OPTIONS, RunOptions
from charrnn.training.settings import LIMITS, OPTIMIZER_OPTIONS, TRAINING_OPTIONS, TrainingSettings, settings_of


def check_names_differ() -> None:
    """Check that kinds, cells and optimizers, including those of other packages, declare options of distinct names.

    Raises:
        ConfigError: two options have the same name.
    """
    taken = {*RUN_OPTIONS, *options_of(TrainingSettings)}
    for kind in kinds().values():
        for name in options_of(kind.config).keys() & taken:
            raise ConfigError(
                f"model {kind.name} declares the option {name}, and another option is called so: rename it in that "
                "package"
            )
    taken |= {name for kind in kinds().values() for name in options_of(kind.config)}
    for folder, role, group in (("cells", "cell", "Model"), ("optimizers", "optimizer", "Training")):
        names = options_in(folder, group).keys()
        for name in names & taken:
            raise ConfigError(
                f"{role} {owner_of(folder, name)} declares the hyperparameter {name}, and another option is called "
                "so: rename it in that package"
            )
        taken |= names


check_names_differ()

MODEL_OPTIONS = options_of_models()

ALL_OPTIONS: dict[str, Option] = {**RUN_OPTIONS, **MODEL_OPTIONS, **TRAINING_OPTIONS}
"""All options of a run, by name."""

WITH_ANOTHER = {
    "task",
    "model",
    "precision",
    "optimizer",
    "cell",
    "seq_length",
    "update_every",
    "val_fraction",
    "documents",
    "as_bytes",
    "min_count",
}
"""Options whose valid values depend on the values of other options."""


def check_options(**options: Any) -> None:
    """Check the options of ``open_job``, each and together.

    Raises:
        ConfigError: an option is unknown or out of range, or options do not fit together.
    """
    if unknown := sorted(options.keys() - ALL_OPTIONS.keys()):
        name = unknown[0]
        raise ConfigError(f"unknown option {name!r}: {did_you_mean(name, ALL_OPTIONS)}see charrnn train --help")
    run = RunOptions(**only(RUN_OPTIONS, options))
    config = make_config(1, **only(MODEL_OPTIONS, options))
    check_documents(run.documents, config)
    check_training(options, config)
    config.require_trainable()
    settings_of(only(TRAINING_OPTIONS, options))


def check_value(name: str, value: Any) -> None:
    """Check the value of a single option, with other options set so that it applies.

    Raises:
        ConfigError: the option is unknown, or the value is out of range.
    """
    others: dict[str, Any] = {}
    if name in MODEL_OPTIONS:
        others["task"], others["model"] = ALL_OPTIONS[name].kinds[0]
    if name == "model":  # of any task
        others["task"] = next((task for task, model in kinds() if model == value), others["task"])
    if name in OPTIMIZER_OPTIONS:
        others["optimizer"] = owner_of("optimizers", name)
    if name in options_in("cells", "Model"):
        others["cell"] = owner_of("cells", name)
    if name == "update_every" and isinstance(value, int) and value > TrainingSettings.seq_length:
        others["seq_length"] = value
    check_options(**others | {name: value})


def interplay(options: Mapping[str, Any]) -> Hashable:
    """A key for caching whether valid options fit together; options with the same key give the same result.

    It consists of the values of the options in ``WITH_ANOTHER``; for the other options, of whether they differ from
    their defaults.
    """
    return frozenset(
        (name, value if name in WITH_ANOTHER else value != ALL_OPTIONS[name].default)
        for name, value in options.items()
        if name in WITH_ANOTHER or name in MODEL_OPTIONS or name in TRAINING_OPTIONS
    )


def check_documents(documents: str | None, config: ModelConfig) -> None:
    """Refuse documents for a kind of model that cannot learn where they end.

    Raises:
        ConfigError: the kind of model does not support documents.
    """
    if documents and config.kind.answers and not config.kind.documents:
        raise ConfigError(f"documents are for texts, not for task {config.task}: leave documents out")
    if documents and not config.kind.documents:
        raise ConfigError(
            f"model {config.model} cannot learn documents: leave documents out, or choose a recurrent network"
        )


def check_training(options: Mapping[str, Any], config: ModelConfig) -> None:
    """Refuse training options that the kind of model lacks, unless they have their defaults.

    Raises:
        ConfigError: an option does not apply to the kind of model.
    """
    for name, value in only(TRAINING_OPTIONS, options).items():
        if value != TRAINING_OPTIONS[name].default and name in config.kind.lacks:
            raise ConfigError(f"model {config.model} has no {name}: leave it out")


def check_limits(given: Mapping[str, Any]) -> None:
    """Check that, if the options set limits, at least one of them is above 0.

    Beside another limit, 0 is allowed and means no limit.

    Raises:
        ConfigError: all given limits are 0.
    """
    kind = kind_of(given)
    set_ones = {name: given[name] for name in LIMITS if given.get(name) is not None and name not in kind.lacks}
    if set_ones and not any(set_ones.values()):
        name = next(iter(set_ones))
        raise ConfigError(f"{name} must be above 0, not {set_ones[name]}: leave it out for no limit by {name}")


def only(names: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options whose names are in ``names``."""
    return {name: value for name, value in given.items() if name in names}
