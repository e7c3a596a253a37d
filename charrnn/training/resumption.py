"""Which options a run may be given anew that is resumed, or starts from another one's weights."""

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
"""Options that may be given anew without a word."""

BESIDE = tuple(name for name, option in RUN_OPTIONS.items() if option.resumed == "freely")
"""The same of a run's options that no settings hold."""

TOLD = tuple(name for name, option in TRAINING_OPTIONS.items() if option.resumed == "told")
"""Options that change what is learned from now on, and are told to the user. All others make another run."""


RETRAINED = tuple(name for name, option in MODEL_OPTIONS.items() if option.retrained)
"""Fields of a model's config that the same weights can be trained on with other values."""


def merged_settings(
    known: Mapping[str, Any], shape: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[TrainingSettings, tuple[str, ...]]:
    """The settings of a resumed run: the old ones, and what is given anew; and notes of what changes what is learned.

    Another limit than the old ones takes the place of them all.

    Args:
        known: the run's settings.
        shape: its model's config, and how its text is read.
        given: fields of both.

    Raises:
        ConfigError: options are given that would make it another run.
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
    """The config of a run that starts from the weights of another.

    Args:
        config: the other run's; where this processor cannot compute in its precision, float32 takes its place.
        given: fields of the config; RETRAINED may differ from the other run's.

    Raises:
        ConfigError: the weights do not fit what is given, or there are none.
    """
    config.kind.check_source()
    shape = _cell_told({**{name: option.default for name, option in MODEL_OPTIONS.items()}, **config.to_dict()})
    if others := [name for name, value in given.items() if name not in RETRAINED and value != shape[name]]:
        raise ConfigError(
            f"{_differing(others, shape, given)} out; "
            f"a run that starts from another one's weights may be given {' and '.join(RETRAINED)} of its own"
        )
    anew = {name: value for name, value in given.items() if hasattr(config, name)}
    return replace(config.trainable(), **anew)


def _cell_told(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A model's options, with the defaults of its cell's hyperparameters."""
    defaults = defaults_of("cells", shape["cell"]) if "cell" in shape else {}
    return {**shape, **{name: value for name, value in defaults.items() if shape.get(name) is None}}


def _differing(names: list[str], before: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """The beginning of an error about options that are not as they were."""
    differ = ", ".join(f"{name} is {before[name]!r} in this run and cannot become {given[name]!r}" for name in names)
    return f"{differ}: leave {'it' if len(names) == 1 else 'them'}"
