"""What a trainer tells while it trains. Times are seconds since the run began.

A model is measured by the metrics of its kind, by name. As in metrics.jsonl, ``event.train_NAME`` and
``event.val_NAME`` are their values: of a language model, ``train_bpc`` and ``val_bpc``, bits per character.
"""

import dataclasses
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
class Measured:
    """What has metrics."""

    step: int
    epoch: float
    seconds: float
    train: dict[str, float]
    """Metrics of the training data."""
    val: dict[str, float | None]
    """Metrics of the validation data; None where there is none."""

    def __getattr__(self, name: str) -> float | None:
        part, _, metric = name.partition("_")
        if part in ("train", "val") and metric in (values := vars(self).get(part, {})):
            value: float | None = values[metric]
            return value
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def to_dict(self) -> dict[str, Any]:
        """The fields and the metrics in one flat dictionary, a line of metrics.jsonl."""
        flat: dict[str, Any] = {}
        for name, value in dataclasses.asdict(self).items():
            flat |= {f"{name}_{metric}": v for metric, v in value.items()} if isinstance(value, dict) else {name: value}
        return flat


@dataclass(frozen=True)
class StepDone(Measured):
    """A parameter update; ``train`` is of its batch, ``val`` is empty."""

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
class Evaluated(Measured):
    """An evaluation; ``train`` is the mean since the last one, ``val`` of all of the validation data."""

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
    metric: str
    """The name of the one that decides which checkpoint is the best."""
    best: float | None
    """Its best value on the validation data."""
    hint: str | None = None
    """What would help the next run, where the losses say it; see ``advice``."""

    def __getattr__(self, name: str) -> float | None:
        if name == f"best_val_{vars(self).get('metric')}":  # as in JSON
            return self.best
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def to_dict(self) -> dict[str, Any]:
        """The fields, with the best value under the name of its metric."""
        values = dataclasses.asdict(self)
        best = {f"best_val_{values.pop('metric')}": values.pop("best")}
        hint = {"hint": values.pop("hint")}
        return {**values, **best, **hint}


Event = Started | StepDone | Evaluated | Sampled | CheckpointDue | RolledBack | SaveFailed | Finished
