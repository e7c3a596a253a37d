"""How to train: frozen, and checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from charrnn.errors import ConfigError
from charrnn.optimizers.contract import find_optimizer

Limit = Literal["steps", "epochs", "minutes"]
LIMITS: tuple[Limit, ...] = get_args(Limit)

SCHEDULES = ("constant", "step", "linear", "cosine")

MOST_MINUTES = 10_000_000
"""Twenty years."""

LARGEST = 2**63 - 1
"""The largest whole number that a setting can be, so that it has a float."""

KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
}


@dataclass(frozen=True)
class TrainingSettings:
    """Everything but the model's shape and the text that a run depends on. A zero switches a limit off.

    Raises:
        ConfigError: a value is out of range.
    """

    batch_size: int = 32
    """B, streams that the text is cut into."""
    seq_length: int = 64
    """T, characters of each stream in a window: steps through which gradients flow back; 0 for whole streams."""
    update_every: int = 0
    """Characters of each stream between two updates, at most T; 0 for T. Only their predictions count in a window."""
    optimizer: str = "adam"
    learning_rate: float = 0.0
    """At its highest; 0 takes the optimizer's own."""
    schedule: str = "linear"
    """How the learning rate falls: see ``schedule.rate``."""
    warmup_steps: int = 50
    """Steps in which the learning rate rises."""
    decay_rate: float = 0.5
    """Factor of the schedule "step"."""
    decay_every: float = 10.0
    """Epochs between two steps of the schedule "step"."""
    weight_decay: float = 0.0
    """Part of each matrix but the embedding that an update takes away, times the rate (Loshchilov and Hutter 2019)."""
    clip_norm: float = 1.0
    """Largest norm of the gradient."""
    clip_value: float = 0.0
    """Largest absolute value of a gradient element, after ``clip_norm``."""
    steps: int = 0
    epochs: float = 0.0
    minutes: float = 0.0
    """Limits of the run; whichever comes first ends it. With none, DEFAULT_MINUTES."""
    reset_probability: float = 0.02
    """Chance that a stream starts a window from the zero state, so that the model also learns how to begin."""
    val_fraction: float = 0.1
    """The part of the text, at its end, that validates."""
    eval_every: int = 0
    """Steps between two evaluations; 0 chooses by the length of the validation text."""
    patience: int = 0
    """Evaluations in a row without a lower validation loss after which the run ends; 0 for any number."""
    rng_seed: int = 0

    def __post_init__(self) -> None:
        self._check_types()
        find_optimizer(self.optimizer)
        if self.schedule not in SCHEDULES:
            raise ConfigError(f"unknown schedule {self.schedule!r}: choose one of {', '.join(SCHEDULES)}")
        self._check("batch_size", self.batch_size >= 1, "at least 1")
        self._check("seq_length", self.seq_length >= 0, "at least 0")
        most = self.seq_length or math.inf
        self._check("update_every", 0 <= self.update_every <= most, f"at least 0 and at most seq_length, {most}")
        for name in ("learning_rate", "clip_norm", "clip_value", "steps", "epochs", "minutes", "warmup_steps"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        self._check("minutes", self.minutes <= MOST_MINUTES, f"at most {MOST_MINUTES:,}")
        for name in ("weight_decay", "eval_every", "patience"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        if self.patience and not self.val_fraction:
            raise ConfigError("patience waits for a lower validation loss: give a val_fraction, or leave it out")
        self._check("reset_probability", 0 <= self.reset_probability <= 1, "at least 0 and at most 1")
        self._check("val_fraction", 0 <= self.val_fraction < 1, "at least 0 and below 1")
        self._check("decay_rate", 0 < self.decay_rate <= 1, "above 0 and at most 1")
        self._check("decay_every", self.decay_every >= 0.001, "at least 0.001")
        self._check("rng_seed", 0 <= self.rng_seed < 2**63, "at least 0 and below 2^63")
        if not self.steps and not self.epochs and not self.minutes:
            object.__setattr__(self, "minutes", DEFAULT_MINUTES)
        if not self.learning_rate:
            object.__setattr__(self, "learning_rate", find_optimizer(self.optimizer).learning_rate)

    def _check_types(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            kinds, wanted = KINDS[str(field.type)]
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise ConfigError(f"{field.name} must be {wanted}, not {value!r}")
            if isinstance(value, int) and abs(value) > LARGEST:
                raise ConfigError(f"{field.name} must be smaller than 2^63, and is not")
            if isinstance(value, int | float) and float in kinds:  # equal settings are written alike
                object.__setattr__(self, field.name, float(value))

    def _check(self, name: str, good: bool, wanted: str) -> None:
        value = getattr(self, name)
        if not good or not math.isfinite(value):
            raise ConfigError(f"{name} must be {wanted}, not {value!r}")

    @property
    def window(self) -> int:
        """Characters of each stream that an update learns to predict."""
        return self.update_every or self.seq_length

    @property
    def limits(self) -> dict[Limit, float]:
        """Those that are set."""
        return limits_in(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return asdict(self)


DEFAULT_MINUTES = 10.0
"""How long a run is that sets no limit."""


def check_limits(given: Mapping[str, Any]) -> None:
    """Refuse options that set no limit but 0: beside others, that switches one off; alone, it could mean anything.

    An n-gram model has no limits.

    Raises:
        ConfigError: they do.
    """
    set_ones = {name: given[name] for name in LIMITS if given.get(name) is not None}
    if set_ones and not any(set_ones.values()) and given.get("model") != "ngram":
        name = next(iter(set_ones))
        raise ConfigError(f"{name} must be above 0, not {set_ones[name]}: leave it out for no limit by {name}")


def limits_in(options: Mapping[str, Any]) -> dict[Limit, float]:
    """The limits that a run's options set, or else the default one."""
    set_ones = {name: options[name] for name in LIMITS if options.get(name)}
    return set_ones or {"minutes": DEFAULT_MINUTES}


def parts_done(limits: Mapping[Limit, float], step: int, epoch: float, seconds: float) -> dict[Limit, float]:
    """How much of each limit a run has used; it ends when one of them reaches 1."""
    used: dict[Limit, float] = {"steps": step, "epochs": epoch, "minutes": seconds / 60}
    return {name: used[name] / limit for name, limit in limits.items()}
