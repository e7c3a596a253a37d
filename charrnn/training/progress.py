"""A run's counters, times and throughput."""

import math
from collections import deque
from dataclasses import asdict, dataclass, fields
from typing import Any

from charrnn.errors import CheckpointError
from charrnn.kinds.metric import Metric

SPIKE = 10.0
"""A gradient norm above this multiple of the mean since the last evaluation counts as a spike."""

MOST = 2**53
"""Upper bound on counts; a float can represent every whole number up to it."""

BEST = "best_val_"
"""Prefix of the name that a best value has in files; the metric's name follows."""

THROUGHPUT_SECONDS = 3.0
"""Seconds that ``Throughput`` averages over."""


@dataclass
class Progress:
    """The counters of a run: all that a resumed run needs besides its tensors.

    It contains no times, so it is reproducible.
    """

    step: int = 0
    epoch: int = 0
    window: int = 0
    """Number of windows of this epoch that are done."""
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    steps_since: int = 0
    spikes_since: int = 0
    rollbacks_since: int = 0
    """This counter and the four before it are sums since the last evaluation."""
    evaluated_step: int = 0
    """The step of the last evaluation."""
    learning_rate: float = 0.0
    """Learning rate of the last update."""
    rate_factor: float = 1.0
    """Factor of the learning rate, halved at each rollback."""
    rollbacks: int = 0
    """Number of rollbacks after divergence."""
    best: float | None = None
    """Best validation value of the kind's first metric; called ``best_val_NAME`` in files."""
    evaluations_since_best: int = 0

    def add_step(self, loss: float, norm: float, learning_rate: float, *, windows: int) -> None:
        """Record a step's loss in nats and gradient norm, in an epoch of ``windows`` windows."""
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
        """Record the validation value of this step; returns whether it is the best so far.

        Args:
            value: the value; None without validation data.
            metric: the metric, which tells which of two values is better.
        """
        self.evaluated_step = self.step
        if value is None:
            return False
        if metric.is_better(value, self.best):
            self.best, self.evaluations_since_best = value, 0
            return True
        self.evaluations_since_best += 1
        return False

    def has_waited(self, patience: int) -> bool:
        """Whether none of the last ``patience`` evaluations was the best; False for a patience of 0."""
        return 0 < patience <= self.evaluations_since_best

    def clear_sums(self) -> None:
        """Reset the sums since the last evaluation."""
        self.loss_sum = self.norm_sum = 0.0
        self.steps_since = self.spikes_since = self.rollbacks_since = 0

    def forget_divergence(self) -> None:
        """Return to the full learning rate, as the user has changed it; see ``rate_factor``."""
        self.rate_factor, self.rollbacks_since = 1.0, 0

    def to_dict(self, metric: Metric) -> dict[str, Any]:
        """The fields as JSON values."""
        return {best_of(metric) if name == "best" else name: value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Any) -> "Progress":
        """Restore a progress from the values of ``to_dict``.

        Raises:
            CheckpointError: a field is unknown, not a finite number, negative or too large.
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
    """The name of a metric's best value in files."""
    return f"{BEST}{metric.name}"


def _is_count(value: object, kinds: tuple[type, ...]) -> bool:
    """Whether a value has one of the types ``kinds``, is finite and at least 0; whole numbers must be below MOST."""
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return 0 <= value < (MOST if isinstance(value, int) else math.inf)  # type: ignore[operator]


def _is_metric(value: object) -> bool:
    """Whether a value is None or a finite number; whole numbers must be below MOST in absolute value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = abs(value)
    return value is None or _is_count(value, (int, float))


@dataclass
class Clock:
    """The times of a run, which are not reproducible.

    Attributes:
        seconds: seconds that the run has taken in all its sessions.
        training_seconds: seconds of training steps since the last evaluation or the session's start.
        characters: characters trained on in ``training_seconds``.
    """

    seconds: float = 0.0
    training_seconds: float = 0.0
    characters: int = 0

    def chars_per_second(self) -> float:
        """The throughput since the last evaluation or the session's start; 0 before the first step."""
        return self.characters / self.training_seconds if self.training_seconds else 0.0


class Throughput:
    """Characters per second over the last steps."""

    def __init__(self) -> None:
        self._ends: deque[tuple[float, int]] = deque([(0.0, 0)])
        """Total seconds and characters before the first of the last steps, and after each of them."""

    def add(self, seconds: float, characters: int) -> float:
        """Record a step; returns the throughput, 0 if the clock is too coarse to measure it."""
        ends = self._ends
        ends.append((ends[-1][0] + seconds, ends[-1][1] + characters))
        while len(ends) > 2 and ends[-1][0] - ends[1][0] > THROUGHPUT_SECONDS:
            ends.popleft()
        elapsed = ends[-1][0] - ends[0][0]
        return (ends[-1][1] - ends[0][1]) / elapsed if elapsed else 0.0
