"""The settings of training: a frozen dataclass that checks its values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Literal, get_args

from charrnn.errors import ConfigError
from charrnn.hyperparameters import check_hyperparameters, options_in
from charrnn.options import check_options_of, declare, options_of
from charrnn.registry import names_in

Limit = Literal["steps", "epochs", "minutes"]
LIMITS: tuple[Limit, ...] = get_args(Limit)

SCHEDULES = ("constant", "step", "linear", "cosine")

MOST_MINUTES = 10_000_000
"""About twenty years."""

DEFAULT_MINUTES = 10.0
"""Minutes of a run for which no limit is set."""

of_training = partial(declare, group="Training")
of_length = partial(declare, group="Length of the run")


@dataclass(frozen=True)
class TrainingSettings:
    """All options on which a run's result depends besides the model's shape and the text; a limit of 0 means no limit.

    Raises:
        ConfigError: a value is out of range.
    """

    batch_size: int = of_training(32, "Number of parallel streams that the text is cut into.", least=1)
    seq_length: int = of_training(
        64, "Characters of backpropagation through time; 0 takes a whole stream at once, for short texts.", least=0
    )
    update_every: int = of_training(
        0,
        "Characters from one update to the next, at most --seq-length. The loss of an update covers these "
        "characters only; its gradient flows back through --seq-length characters.",
        shown_default="--seq-length",
        least=0,
    )
    sync_every: int = of_training(
        0,
        "With --distributed, updates that each process makes alone before all continue from their average (DiLoCo).",
        shown_default="gradients are added up at each update",
        metavar="K",
        least=0,
    )
    outer_rate: float = of_training(
        1.0, "With --sync-every, how far to go from the old parameters to the average of the new ones.", above=0
    )
    outer_momentum: float = of_training(0.0, "With --sync-every, Nesterov's momentum of that step.", least=0, below=1)
    optimizer: str = of_training("adam", "Update rule.", choices=lambda: names_in("optimizers"))
    learning_rate: float = of_training(
        0.0,
        "Peak learning rate.",
        shown_default="0.02 (adagrad); 0.01 (adam); 0.002 (rmsprop); 0.5 (sgd)",
        least=0,
        resumed="told",
    )
    schedule: str = of_training("linear", "How the learning rate falls.", choices=lambda: SCHEDULES, resumed="told")
    warmup_steps: int = of_training(
        50, "Updates in which the learning rate rises to its peak (warm-up).", least=0, resumed="told"
    )
    decay_rate: float = of_training(0.5, "Factor of each drop of the 'step' schedule.", above=0, most=1, resumed="told")
    decay_every: float = of_training(
        10.0, "Epochs between two drops of the 'step' schedule.", least=0.001, resumed="told"
    )
    weight_decay: float = of_training(
        0.0, "Decoupled weight decay (AdamW) of all matrices except the embedding.", least=0, resumed="told"
    )
    clip_norm: float = of_training(1.0, "Maximum norm of the gradient; 0 for no limit.", least=0, resumed="told")
    clip_value: float = of_training(
        0.0, "Maximum absolute value of a gradient element, after --clip-norm; 0 for no limit.", least=0, resumed="told"
    )
    steps: int = of_length(0, "Stop after this many updates.", shown_default="no limit", least=0, resumed="freely")
    epochs: float = of_length(
        0.0, "Stop after this many passes over the text.", shown_default="no limit", least=0, resumed="freely"
    )
    minutes: float = of_length(
        0.0,
        "Stop after this many minutes.",
        shown_default=f"{DEFAULT_MINUTES:g}, if no other limit is given",
        least=0,
        most=MOST_MINUTES,
        resumed="freely",
    )
    reset_probability: float = of_training(
        0.02, "Probability that a stream starts a window from the initial state.", least=0, most=1
    )
    val_fraction: float = declare(
        0.1,
        "Fraction of the text to validate with: the end of the text; with --documents, random documents.",
        "Data",
        least=0,
        below=1,
    )
    eval_every: int = declare(
        0,
        "Updates between two evaluations.",
        "Saving",
        shown_default="by the length of the text",
        least=0,
        resumed="freely",
    )
    patience: int = of_length(
        0,
        "Stop after N evaluations in a row without a better one.",
        shown_default="no limit",
        metavar="N",
        least=0,
        resumed="freely",
    )
    rng_seed: int = declare(0, "Seed of the random generator.", "Training", least=0)
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    """The optimizer's hyperparameters; missing ones have their defaults."""

    def __post_init__(self) -> None:
        check_options_of(self, options_of(TrainingSettings))
        check_hyperparameters("optimizers", "optimizer", self.optimizer, self.hyperparameters)
        if self.update_every > (self.seq_length or self.update_every):
            raise ConfigError(f"update_every must be at most seq_length, {self.seq_length}, not {self.update_every}")
        if self.patience and not self.val_fraction:
            raise ConfigError("patience waits for a lower validation loss: give a val_fraction, or leave it out")
        if not self.steps and not self.epochs and not self.minutes:
            object.__setattr__(self, "minutes", DEFAULT_MINUTES)
        if not self.learning_rate:
            from charrnn.optimizers.contract import find_optimizer

            object.__setattr__(self, "learning_rate", find_optimizer(self.optimizer).learning_rate)

    @property
    def window(self) -> int:
        """Number of characters of each stream whose loss an update covers."""
        return self.update_every or self.seq_length

    @property
    def limits(self) -> dict[Limit, float]:
        """The limits that are set, by name; see ``limits_in``."""
        return limits_in(vars(self))

    def learning_rate_at(self, step: int, epoch: float, progress: float) -> float:
        """The learning rate of the next update.

        It rises linearly in the first ``warmup_steps``. Then ``constant`` keeps the peak; ``step`` multiplies it by
        ``decay_rate`` after every ``decay_every`` epochs; ``linear`` and ``cosine`` fall to zero at the end of the run
        (cosine: Loshchilov and Hutter 2017, without restarts).

        Args:
            step: number of updates so far.
            epoch: number of passes over the text so far, with a fraction.
            progress: fraction of the run that is done, 0 to 1.
        """
        factor = {
            "constant": 1.0,
            "step": self.decay_rate ** math.floor(epoch / self.decay_every),
            "linear": 1 - progress,
            "cosine": 0.5 + 0.5 * math.cos(math.pi * progress),
        }[self.schedule]
        warmup = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return self.learning_rate * factor * warmup

    def to_dict(self) -> dict[str, Any]:
        """The options and hyperparameters as JSON values; ``settings_of`` restores them."""
        values = asdict(self)
        own = values.pop("hyperparameters")
        return {**values, **own}


def settings_of(options: Mapping[str, Any]) -> TrainingSettings:
    """Make the settings from these options, which include the optimizer's hyperparameters.

    Raises:
        ConfigError: a value is out of range, or the optimizer lacks a hyperparameter.
    """
    own = {name: value for name, value in options.items() if name in OPTIMIZER_OPTIONS and value is not None}
    rest = {name: value for name, value in options.items() if name not in OPTIMIZER_OPTIONS}
    return TrainingSettings(**rest, hyperparameters=own)


OPTIMIZER_OPTIONS = options_in("optimizers", "Training", resumed="told")

TRAINING_OPTIONS = {**options_of(TrainingSettings), **OPTIMIZER_OPTIONS}


def limits_in(options: Mapping[str, Any]) -> dict[Limit, float]:
    """The limits that a run's options set, by name; DEFAULT_MINUTES if they set none."""
    set_ones = {name: options[name] for name in LIMITS if options.get(name)}
    return set_ones or {"minutes": DEFAULT_MINUTES}


def parts_done(limits: Mapping[Limit, float], step: int, epoch: float, seconds: float) -> dict[Limit, float]:
    """The fraction of each limit that a run has used; the run ends when one reaches 1."""
    used: dict[Limit, float] = {"steps": step, "epochs": epoch, "minutes": seconds / 60}
    return {name: used[name] / limit for name, limit in limits.items()}
