"""Check the options of a resumed run, and of a run that starts from another run's weights."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from charrnn.errors import ConfigError
from charrnn.hyperparameters import defaults_of
from charrnn.kinds.config import ModelConfig
from charrnn.training.options import MODEL_OPTIONS
from charrnn.training.run_options import RUN_OPTIONS
from charrnn.training.settings import LIMITS, TRAINING_OPTIONS, TrainingSettings, settings_of

FREE = tuple(name for name, option in TRAINING_OPTIONS.items() if option.resumed == "freely")
"""Training options that may change in a resumed run without a note."""

BESIDE = tuple(name for name, option in RUN_OPTIONS.items() if option.resumed == "freely")
"""Run options that may change in a resumed run without a note."""

TOLD = tuple(name for name, option in TRAINING_OPTIONS.items() if option.resumed == "told")
"""Training options that may change in a resumed run, with a note, as they affect learning.

All other options require a new run.
"""


RETRAINED = tuple(name for name, option in MODEL_OPTIONS.items() if option.retrained)
"""Fields of a model's config that may change while the weights are kept."""


def merged_settings(
    known: Mapping[str, Any], shape: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[TrainingSettings, tuple[str, ...]]:
    """The settings of a resumed run, and notes on changes that affect learning.

    A changed limit replaces all old limits.

    Args:
        known: the run's old settings.
        shape: the options of the run's model, and how its text is read.
        given: the options given for the resumed run.

    Raises:
        ConfigError: an option is given that requires a new run.
    """
    old = settings_of(known)
    defaults = defaults_of("optimizers", old.optimizer)
    before = {**_cell_told(shape), **defaults, **old.to_dict()}
    changes = {name: value for name, value in given.items() if value != before.get(name)}
    if others := [name for name in changes if name not in FREE + TOLD]:
        raise ConfigError(
            f"{_differing(others, before, given)} out, or start a new run; "
            f"a resumed run may be given {', '.join(FREE + TOLD + BESIDE[:-1])} and {BESIDE[-1]}"
        )
    kept: dict[str, Any] = dict.fromkeys(LIMITS, 0) if set(LIMITS) & set(changes) else {}
    anew = {name: value for name, value in given.items() if name in TRAINING_OPTIONS}
    settings = settings_of({**known, **kept, **anew})
    after = {**defaults, **settings.to_dict()}
    notes = tuple(
        f"{name} was {before[name]} and is {after[name]} from here on"
        for name in TOLD
        if name in after and after[name] != before[name]
    )
    return settings, notes


def inherited_config(config: ModelConfig, given: Mapping[str, Any]) -> Any:
    """The config of a run that starts from another run's weights.

    Args:
        config: the other run's config; float32 replaces a precision in which this CPU cannot train.
        given: fields of the config; only RETRAINED may differ from the other run's.

    Raises:
        ConfigError: the given options do not fit the weights, or the kind of model has no weights.
    """
    config.kind.check_source()
    shape = _cell_told({**{name: option.default for name, option in MODEL_OPTIONS.items()}, **config.to_dict()})
    if others := [name for name, value in given.items() if name not in RETRAINED and value != shape[name]]:
        own = " and ".join(name for name in RETRAINED if hasattr(config, name))
        raise ConfigError(
            f"{_differing(others, shape, given)} out; "
            f"a run that starts from another one's weights may be given {own} of its own"
        )
    anew = {name: value for name, value in given.items() if hasattr(config, name)}
    return replace(config.trainable(), **anew)


def _cell_told(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a model's options with the defaults of its cell's hyperparameters."""
    defaults = defaults_of("cells", shape["cell"]) if "cell" in shape else {}
    return {**shape, **{name: value for name, value in defaults.items() if shape.get(name) is None}}


def _differing(names: list[str], before: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """The first part of an error about options that differ from the run's."""
    differ = ", ".join(f"{name} is {before[name]!r} in this run and cannot become {given[name]!r}" for name in names)
    return f"{differ}: leave {'it' if len(names) == 1 else 'them'}"
