"""How far a run has come."""

import math
from collections import deque
from dataclasses import asdict, dataclass, fields
from typing import Any

from charrnn.errors import CheckpointError
from charrnn.kinds.metric import Metric

SPIKE = 10.0
"""A gradient so many times longer than the mean since the last evaluation is a spike."""

MOST = 2**53
"""Of steps and the like: up to here a float holds every whole number."""

BEST = "best_val_"
"""How the names of best values begin in files; the name of the metric follows."""

THROUGHPUT_SECONDS = 3.0
"""Time over which ``Throughput`` is a mean."""


@dataclass
class Progress:
    """All that a resumed run needs beside its tensors. No clock is in it: equal training leaves equal progress."""

    step: int = 0
    epoch: int = 0
    window: int = 0
    """Windows of this epoch that are done."""
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    steps_since: int = 0
    spikes_since: int = 0
    rollbacks_since: int = 0
    """Sums since the last evaluation."""
    evaluated_step: int = 0
    """The last step that has been evaluated."""
    learning_rate: float = 0.0
    """Of the last update."""
    rate_factor: float = 1.0
    """Halved whenever the run diverges."""
    rollbacks: int = 0
    """How often it has."""
    best: float | None = None
    """The best value of the metric that decides; in files, ``best_val_NAME``."""
    evaluations_since_best: int = 0

    def add_step(self, loss: float, norm: float, learning_rate: float, *, windows: int) -> None:
        """Take in a step, of its loss in nats and the norm of its gradient, in an epoch of so many windows."""
        self.step += 1
        self.window += 1
        if self.window == windows:
            self.epoch, self.window = self.epoch + 1, 0
        self.learning_rate = learning_rate
        self.spikes_since += norm * self.steps_since > SPIKE * self.norm_sum
        self.loss_sum += loss
        self.norm_sum += norm
        self.steps_since += 1

    def evaluated(self, value: float | None, metric: Metric) -> bool:
        """Take in the evaluation of this step, None where there are no data for it; returns whether it is the best."""
        self.evaluated_step = self.step
        if value is None:
            return False
        if metric.is_better(value, self.best):
            self.best, self.evaluations_since_best = value, 0
            return True
        self.evaluations_since_best += 1
        return False

    def has_waited(self, patience: int) -> bool:
        """Whether the last so many evaluations were no better than one before; never for a patience of 0."""
        return 0 < patience <= self.evaluations_since_best

    def clear_sums(self) -> None:
        """Begin the sums since the last evaluation anew."""
        self.loss_sum = self.norm_sum = 0.0
        self.steps_since = self.spikes_since = self.rollbacks_since = 0

    def forget_divergence(self) -> None:
        """Learn at the whole rate again: another one has been given."""
        self.rate_factor, self.rollbacks_since = 1.0, 0

    def to_dict(self, metric: Metric) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return {best_of(metric) if name == "best" else name: value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Any) -> "Progress":
        """The progress that ``to_dict`` gave.

        Raises:
            CheckpointError: a field is unknown, or not a finite number, or a count below 0 or beyond all runs.
        """
        if not isinstance(values, dict):
            raise CheckpointError(f"the checkpoint cannot be resumed: its progress is {values!r}; start a new run")
        types = {field.name: field.type for field in fields(cls)}
        own = {}
        for key, value in values.items():
            name = "best" if str(key).startswith(BEST) else key
            kinds = (int,) if types.get(name) is int else (int, float)
            is_right = _is_metric(value) if name == "best" else _is_count(value, kinds)
            if name not in types or not is_right:
                raise CheckpointError(
                    f"the checkpoint cannot be resumed: its progress has {key} {value!r}; start a new run"
                )
            own[name] = value
        return cls(**own)


def best_of(metric: Metric) -> str:
    """The name under which files hold the best value of a metric."""
    return f"{BEST}{metric.name}"


def _is_count(value: object, kinds: tuple[type, ...]) -> bool:
    """Whether it is a finite number of at least 0, and not too large to be counted with."""
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return 0 <= value < (MOST if isinstance(value, int) else math.inf)  # type: ignore[operator]


def _is_metric(value: object) -> bool:
    """Whether it is a finite number that is not too large, or none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = abs(value)
    return value is None or _is_count(value, (int, float))


@dataclass
class Clock:
    """The times of a run, which no two runs share.

    Attributes:
        seconds: that the run has taken, in all its sessions.
        training_seconds: since the last evaluation, or the session's beginning; without evaluations.
        characters: trained on in ``training_seconds``.
    """

    seconds: float = 0.0
    training_seconds: float = 0.0
    characters: int = 0

    def chars_per_second(self) -> float:
        """The throughput since the last evaluation; 0 where this session has not trained since."""
        return self.characters / self.training_seconds if self.training_seconds else 0.0


class Throughput:
    """Characters per second over the last steps."""

    def __init__(self) -> None:
        self._ends: deque[tuple[float, int]] = deque([(0.0, 0)])
        """Seconds and characters up to the end of each of the last steps, after those before them."""

    def add(self, seconds: float, characters: int) -> float:
        """Take a step in; returns the throughput, 0 where the clock is too coarse to tell."""
        ends = self._ends
        ends.append((ends[-1][0] + seconds, ends[-1][1] + characters))
        while len(ends) > 2 and ends[-1][0] - ends[1][0] > THROUGHPUT_SECONDS:
            ends.popleft()
        elapsed = ends[-1][0] - ends[0][0]
        return (ends[-1][1] - ends[0][1]) / elapsed if elapsed else 0.0
