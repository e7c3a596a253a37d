"""What a trainer tells while it trains. Losses are bits per character (bpc); times are seconds since the run began."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Started:
    """What is about to be trained."""

    run: str
    """The run's folder."""
    resumed_from: int
    """Steps that an earlier session has done; 0 for a new run."""
    characters: int
    """To train on."""
    val_characters: int
    vocabulary: int
    parameters: int
    threads: int
    plan: tuple[str, ...]
    """What was chosen for a run of minutes, and why."""
    chosen: dict[str, Any]
    """The options that were."""
    notes: tuple[str, ...]
    """What the user should know: a batch that had to shrink, a text without validation."""


@dataclass(frozen=True)
class StepDone:
    """A parameter update."""

    step: int
    epoch: float
    seconds: float
    train_bpc: float
    """Of this window."""
    learning_rate: float
    grad_norm: float
    """Before clipping."""
    characters: int
    """Trained on in this step."""
    chars_per_second: float
    """Over the last steps."""
    progress: float
    """The part of the run that is done, 0 to 1."""


@dataclass(frozen=True)
class Evaluated:
    """An evaluation; these are the fields of a line of metrics.jsonl."""

    step: int
    epoch: float
    seconds: float
    train_bpc: float
    """Mean since the last evaluation."""
    val_bpc: float | None
    """Of the whole validation text; None without one."""
    learning_rate: float
    grad_norm: float
    """Mean since the last evaluation, before clipping."""
    chars_per_second: float
    """Of training since the last evaluation, or since a resume."""
    spikes: int
    """Steps since the last evaluation whose gradient was many times longer than the ones before."""
    rollbacks: int
    """How often the run has diverged and gone back, in all."""


@dataclass(frozen=True)
class Sampled:
    """A short sample, to see what the model has learned."""

    step: int
    text: str


@dataclass(frozen=True)
class CheckpointDue:
    """The state should be saved now: take it with ``Trainer.snapshot``."""

    step: int
    kind: Literal["last", "best"]


@dataclass(frozen=True)
class RolledBack:
    """The run has diverged and goes on from its last good state, more slowly."""

    step: int
    """At which it diverged."""
    back_to: int
    """The step of the good state: of the last evaluation, or the beginning."""
    rate_factor: float
    """By which the learning rate is multiplied from now on."""
    why: str


@dataclass(frozen=True)
class SaveFailed:
    """A checkpoint or a line of metrics could not be written. The run goes on, and it is tried again later."""

    step: int
    why: str


@dataclass(frozen=True)
class Finished:
    """The run has ended."""

    step: int
    epoch: float
    seconds: float
    reason: Literal["steps", "epochs", "minutes", "interrupted", "patience"]
    best_val_bpc: float | None
    hint: str | None = None
    """What would help the next run, where the losses say it; see ``advice``."""


Event = Started | StepDone | Evaluated | Sampled | CheckpointDue | RolledBack | SaveFailed | Finished
