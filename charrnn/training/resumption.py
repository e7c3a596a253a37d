"""Which options a resumed run may be given anew."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from charrnn.errors import ConfigError
from charrnn.model.config import ModelConfig
from charrnn.training.settings import TrainingSettings

MODEL_OPTIONS = {field.name for field in fields(ModelConfig)} - {"vocab_size"}
TRAINING_OPTIONS = {field.name for field in fields(TrainingSettings)}

LIMITS = ("steps", "epochs", "minutes")

FREE = (*LIMITS, "eval_every")
"""Options that may be given anew without a word."""

TOLD = ("learning_rate", "schedule", "warmup_steps", "decay_rate", "decay_every", "clip_norm", "clip_value")
"""Options that change what is learned from now on, and are told to the user. All others make another run."""


def merged_settings(
    known: Mapping[str, Any], shape: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[TrainingSettings, tuple[str, ...]]:
    """The settings of a resumed run: the old ones, and what is given anew; and notes of what changes what is learned.

    A limit given anew takes the place of all the old limits.

    Args:
        known: the run's settings.
        shape: its model's config.
        given: fields of both.

    Raises:
        ConfigError: options are given that would make it another run.
    """
    before = {**shape, **TrainingSettings(**known).to_dict()}
    changes = {name: value for name, value in given.items() if value != before[name]}
    if others := [name for name in changes if name not in FREE + TOLD]:
        differ = ", ".join(
            f"{name} is {before[name]!r} in this run and cannot become {given[name]!r}" for name in others
        )
        raise ConfigError(
            f"{differ}: leave {'it' if len(others) == 1 else 'them'} out, or start a new run; "
            f"a resumed run may be given {', '.join(FREE + TOLD)}, save_every, keep and threads"
        )
    kept = dict.fromkeys(LIMITS, 0) if set(LIMITS) & set(given) else {}
    anew = {name: value for name, value in given.items() if name in TRAINING_OPTIONS}
    settings = TrainingSettings(**{**known, **kept, **anew})
    after = settings.to_dict()
    notes = tuple(
        f"{name} was {before[name]} and is {after[name]} from here on" for name in TOLD if after[name] != before[name]
    )
    return settings, notes
