"""The events of a training run. Their times are seconds since the run began.

``event.train_NAME`` and ``event.val_NAME`` are the values of the model's metrics, as in metrics.jsonl. Language models
have ``train_bpc`` and ``val_bpc``, in bits per character.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Started:
    """Training is about to begin."""

    run: str
    """The run's folder."""
    resumed_from: int
    """Steps done in earlier sessions; 0 for a new run."""
    files: int
    """Number of files from which the text was read; 0 if unknown, as for standard input."""
    characters: int
    """Number of characters to train on."""
    val_characters: int
    """Number of characters to validate with."""
    vocabulary: int
    """Number of symbols in the vocabulary."""
    parameters: int
    """Number of learned parameters."""
    threads: int
    plan: tuple[str, ...]
    """The options that were chosen for the given minutes, and the reasons, in lines of text."""
    chosen: dict[str, Any]
    """The values of the chosen options, by name."""
    notes: tuple[str, ...]
    """Notes for the user, such as that the batch was reduced or that there is no validation data."""


@dataclass(frozen=True)
class Measured:
    """An event with metrics."""

    step: int
    epoch: float
    seconds: float
    train: dict[str, float]
    """Metrics of the training data, by name."""
    val: dict[str, float | None]
    """Metrics of the validation data, by name; None without such data."""

    def __getattr__(self, name: str) -> float | None:
        part, _, metric = name.partition("_")
        if part in ("train", "val") and metric in (values := vars(self).get(part, {})):
            value: float | None = values[metric]
            return value
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def to_dict(self) -> dict[str, Any]:
        """The fields and metrics in one flat dictionary, as in metrics.jsonl."""
        flat: dict[str, Any] = {}
        for name, value in dataclasses.asdict(self).items():
            flat |= {f"{name}_{metric}": v for metric, v in value.items()} if isinstance(value, dict) else {name: value}
        return flat


@dataclass(frozen=True)
class StepDone(Measured):
    """A parameter update; ``train`` has the metrics of its batch, ``val`` is empty."""

    learning_rate: float
    grad_norm: float
    """Norm of the gradient before clipping."""
    characters: int
    """Number of characters in this step's batch."""
    chars_per_second: float
    """Throughput over the last steps."""
    progress: float
    """Fraction of the run that is done, 0 to 1."""


@dataclass(frozen=True)
class Evaluated(Measured):
    """An evaluation; ``train`` has means since the last one, ``val`` is measured on all validation data."""

    learning_rate: float
    grad_norm: float
    """Norm of the gradient before clipping, averaged since the last evaluation."""
    chars_per_second: float
    """Throughput of training since the last evaluation or resume."""
    spikes: int
    """Number of steps since the last evaluation whose gradient norm was far above the mean."""
    rollbacks: int
    """Number of rollbacks after divergence in the whole run."""


@dataclass(frozen=True)
class Sampled:
    """A short sample from the model."""

    step: int
    text: str


@dataclass(frozen=True)
class CheckpointDue:
    """A checkpoint is due: save ``Trainer.snapshot`` now."""

    step: int
    kind: Literal["last", "best"]


@dataclass(frozen=True)
class RolledBack:
    """The run has diverged and continues from its last good state at a lower learning rate."""

    step: int
    """Step at which the run diverged."""
    back_to: int
    """Step of the good state: the last evaluation's, or 0."""
    rate_factor: float
    """Factor by which the learning rate is multiplied from now on."""
    why: str
    """Evidence of the divergence, in words."""


@dataclass(frozen=True)
class SaveFailed:
    """A checkpoint or a line of metrics could not be written; the run continues and retries later."""

    step: int
    why: str


@dataclass(frozen=True)
class MemberEvent:
    """An event of a further network that is trained to be mixed with the first one; see ``charrnn.member_runs``."""

    member: int
    """The network's number, from 2."""
    members: int
    """How many networks there are."""
    event: "Event"

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {"member": self.member, "members": self.members, "of": event_dict(self.event)}


@dataclass(frozen=True)
class AdaptationChosen:
    """How the best model learns from a text that it reads was chosen; losses are in nats per character."""

    step: int
    rate: float
    segment: int
    decay: float
    nats: float
    """Loss of the adaptive model on the characters that it was chosen by."""
    default_nats: float
    """The same with default values."""
    characters: int
    """How many these characters are, the first ones of the validation text."""
    seconds: float
    """Time that the choice took."""


@dataclass(frozen=True)
class Mixed:
    """What can join the best model has been tried; values are mean losses on the validation data, in nats."""

    step: int
    nats: float
    """Of the network alone."""
    counts_nats: float | None
    """Of the counts alone; None without counts."""
    mixed_nats: float
    """Of the mixture, each half of the data with the weights that the other half has taught."""
    path: str | None
    """The file of the mixture; None if nothing gains enough."""
    unit: str = "character"
    """What the losses are means of."""
    answers: bool = False
    """Whether the models answer, so that ``charrnn predict`` uses all of them."""
    further_nats: tuple[float, ...] = ()
    """Of each further network alone."""
    networks: int = 1
    """How many networks are members of the mixture."""
    has_counts: bool = False
    """Whether counts are a member."""
    size: int = 0
    """Bytes of the mixture's file."""
    network_size: int = 0
    """Bytes of the first network's file."""


@dataclass(frozen=True)
class NotMixed:
    """Further networks or counts were to join the best model, and could not."""

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
    """Name of the metric that decides which checkpoint is the best."""
    best: float | None
    """Best validation value of that metric."""
    hint: str | None = None
    """Advice for the next run, if any; see ``advice``."""

    def __getattr__(self, name: str) -> float | None:
        if name == f"best_val_{vars(self).get('metric')}":  # the name in ``to_dict``
            return self.best
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dictionary, in which the best value is called ``best_val_NAME``."""
        values = dataclasses.asdict(self)
        best = {f"best_val_{values.pop('metric')}": values.pop("best")}
        hint = {"hint": values.pop("hint")}
        return {**values, **best, **hint}


Event = (
    Started
    | StepDone
    | Evaluated
    | Sampled
    | CheckpointDue
    | RolledBack
    | SaveFailed
    | MemberEvent
    | AdaptationChosen
    | Mixed
    | NotMixed
    | Finished
)


def event_dict(event: Any) -> dict[str, Any]:
    """A dataclass as a dictionary, with its name in snake_case as the ``event``."""
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", type(event).__name__).lower()
    return {"event": name, **(event.to_dict() if hasattr(event, "to_dict") else dataclasses.asdict(event))}
