"""Plan a run of given minutes: choose the options that the user leaves open, and convert the minutes to steps.

A limit in steps makes the run reproducible; a limit by the clock would not.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from charrnn.kernels.processor import BFLOAT16
from charrnn.kinds.config import ModelConfig, kind_of, make_config
from charrnn.kinds.contract import Data
from charrnn.training.options import MODEL_OPTIONS, only
from charrnn.training.settings import LIMITS, TRAINING_OPTIONS, TrainingSettings, limits_in, settings_of

Speed = Callable[[ModelConfig, TrainingSettings], float]
"""Training speed in characters per second, for a config and settings."""

SpeedOnData = Callable[[ModelConfig, TrainingSettings, Any], float]
"""Training speed in characters per second, for a config, settings and training data."""

PLANNED_PATIENCE = 8
"""Number of evaluations without a better one after which a run stops, if the user has not set its minutes."""

MOST_PLANNED_MEMBERS = 4
"""Most networks that a plan trains one after the other; each takes time whenever the mixture is used."""

SPARE = 0.02
"""Fraction of the time kept in reserve, in case the machine slows down."""

START_SECONDS = 1.0
"""Seconds that a command takes before the run's clock starts."""

MOST_RESERVED = 0.5
"""Largest fraction of the time to reserve, even if kernels took longer to compile."""

EVALUATION_SHARE = 0.03
"""Fraction of the time for evaluations."""

FEW_EVALUATIONS, FEW_SHARE = 4, 0.15
"""Number of evaluations that show progress, even if they exceed EVALUATION_SHARE; and the fraction of the time that
they may take."""

LEAST_STEPS = 100
"""Least number of steps, twice the default warm-up, to which a run is shortened to avoid overfitting."""

MOST_WARMUP = 0.1
"""Largest fraction of the steps for the warm-up."""

SCORING_SPEED = 3.0
"""Ratio of scoring speed to training speed."""

MOST_VALIDATION = 500_000
"""Validation characters that suffice to measure a model."""

MOST_OF_LONG_TEXT = 0.05
"""Largest fraction of the time for one evaluation on a long text; a short run validates with less of the text."""

LEAST_BF16_MINUTES, LEAST_BF16_GAIN = 1.0, 1.15
"""Bf16 is chosen for runs of at least so many minutes, as it takes time to compile, and for at least this speed-up."""


@dataclass(frozen=True)
class Plan:
    """The options chosen for a run, and the reasons.

    Attributes:
        options: the chosen fields of ``ModelConfig`` and ``TrainingSettings``, by name.
        reasons: lines for the user.
        epochs: number of passes over the text in all steps.
        reserved: seconds of the run's time that are not for steps: those before the first step, and those of the
            evaluation after the last step.
        members: how many networks to train one after the other.
        limited_by_text: whether the steps end before the time is up, as more of them would overfit the text.
    """

    options: dict[str, Any]
    reasons: tuple[str, ...]
    epochs: float
    reserved: float
    limited_by_text: bool
    members: int = 1


def wants_plan(given: Mapping[str, Any]) -> bool:
    """Whether a run with these options is limited only by minutes, so that a plan chooses the options left open."""
    kind = kind_of(given)
    return kind.planned and not given.get("steps") and not given.get("epochs")


def make_plan(
    given: Mapping[str, Any],
    data: Data,
    spent: Callable[[], float],
    speed: SpeedOnData,
    processes: int = 1,
    members: int | None = 1,
) -> Plan:
    """Choose the options that ``given`` leaves open.

    Args:
        given: fields of ``ModelConfig`` and ``TrainingSettings``.
        data: the training data.
        spent: returns the seconds of the run's time that have passed.
        speed: measures the training speed on this machine, or on all that train together.
        processes: number of processes that train; one of them evaluates.
        members: networks that share the time; None to choose it.
    """
    minutes = limits_in(given)["minutes"]
    draft = Draft({**given, "minutes": minutes / (members or 1)}, data)
    draft.validate_with(MOST_VALIDATION)
    if not given.get("minutes") and draft.settings.val_fraction:
        draft.choose(patience=PLANNED_PATIENCE)
    throughput = draft.config.kind.choose(draft, lambda config, settings: speed(config, settings, draft.train))
    scoring_speed = SCORING_SPEED * throughput / processes
    draft.validate_with(MOST_OF_LONG_TEXT * 60 * draft.settings.minutes * scoring_speed)
    evaluation = draft.val_characters / scoring_speed
    reserved = min(START_SECONDS + spent() + evaluation, MOST_RESERVED * 60 * draft.settings.minutes)
    evaluations, fitting = _steps(draft, reserved, evaluation, throughput)
    most = draft.most_epochs * draft.steps_in_epoch
    steps = fitting if math.isinf(most) else min(fitting, max(LEAST_STEPS, math.ceil(most)))
    draft.choose(steps=steps, eval_every=math.ceil(steps / evaluations))
    if steps < draft.settings.warmup_steps / MOST_WARMUP:
        draft.choose(warmup_steps=int(MOST_WARMUP * steps))
    limited = steps < fitting
    epochs = draft.settings.steps / draft.steps_in_epoch
    if members is None:
        members = min(MOST_PLANNED_MEMBERS, fitting // steps) if limited and draft.val_characters else 1
    reasons = _reasons(draft, throughput, epochs, by_heart=limited) + _reasons_for(members, fitting // steps)
    chosen = draft.chosen | ({} if given.get("minutes") else {"minutes": minutes})
    return Plan(chosen, reasons, epochs, reserved, limited, members)


class Draft:
    """A plan in the making: the options given and those chosen so far.

    Attributes:
        chosen: the chosen options.
        config: the config of a run with these options.
        settings: the settings of that run, reduced to what its text can fill.
        train: the data to train on.
        characters: number of characters to train on.
        val_characters: number of characters to validate with.
    """

    def __init__(self, given: Mapping[str, Any], data: Data) -> None:
        self._given = {name: value for name, value in given.items() if value or name not in LIMITS}
        self._data, self._split = data, cache(data.split)  # cached, as it searches the whole text for documents
        self.chosen: dict[str, Any] = {}
        self.choose()

    def is_given(self, option: str) -> bool:
        """Whether the user has given this option."""
        return option in self._given

    def is_default(self, option: str) -> bool:
        """Whether the user has left this option at its default."""
        return self._given.get(option) is None

    def choose(self, **options: Any) -> None:
        """Set these options, except those that the user has given; updates the other attributes."""
        self.chosen |= {name: value for name, value in options.items() if not self.is_given(name)}
        known = {**self.chosen, **self._given}
        self.config: Any = make_config(**self._data.fields(), **only(MODEL_OPTIONS, known))
        settings = settings_of(only(TRAINING_OPTIONS, known))
        self.train, validation = self._split(settings.val_fraction)
        self.characters, self.val_characters = len(self.train), len(validation)
        self.settings, _ = self.config.kind.fit(settings, self.train)

    def choose_precision(self, speed: Speed, throughput: float) -> float:
        """Choose bf16 if it pays; returns the throughput in the chosen precision.

        ``throughput`` is that of the present precision.
        """
        if BFLOAT16 and self.settings.minutes >= LEAST_BF16_MINUTES and not self.is_given("precision"):
            bf16_throughput = speed(replace(self.config, precision="bf16"), self.settings)
            if bf16_throughput > LEAST_BF16_GAIN * throughput:
                self.choose(precision="bf16")
                return bf16_throughput
        return throughput

    def validate_with(self, most: float) -> None:
        """If the text is long, limit the validation characters to ``most``."""
        characters = self.characters + self.val_characters
        if TrainingSettings.val_fraction * characters > MOST_VALIDATION:
            self.choose(val_fraction=round(min(MOST_VALIDATION, most) / characters, 6))

    @property
    def steps_in_epoch(self) -> int:
        """Number of updates in one pass over the text."""
        steps: int = self.config.kind.steps_in_epoch(self.config, self.settings, self.train)
        return steps

    @property
    def most_epochs(self) -> float:
        """Number of passes over the text after which the model overfits."""
        epochs: float = self.config.kind.most_epochs(self.config, self.characters)
        return epochs


def _steps(draft: Draft, reserved: float, evaluation: float, throughput: float) -> tuple[int, int]:
    """The number of evaluations and of updates that fit into the time; ``reserved`` includes the last evaluation."""
    seconds = 60 * draft.settings.minutes
    evaluations = most = draft.config.kind.evaluations
    if evaluation:
        few = min(FEW_EVALUATIONS, int(FEW_SHARE * seconds / evaluation + 0.01))  # 0.01, as val_fraction is rounded
        evaluations = max(1, few, min(most, int(EVALUATION_SHARE * seconds / evaluation)))
    left = (1 - SPARE) * seconds - reserved - (evaluations - 1) * evaluation
    return evaluations, max(1, int(left * throughput / draft.characters * draft.steps_in_epoch))


def _reasons_for(members: int, fitting: int) -> tuple[str, ...]:
    """Say why several networks are trained, and what they cost; ``fitting`` is how many fit into the time."""
    if members == 1:
        return ()
    why = "as one stops learning before its time is over" if fitting > 1 else "which share the time"
    return (
        f"{members} networks one after the other, {why}; mixed, they take {members} times the memory and time of one "
        "to score and to draw (--members 1 trains one)",
    )


def _reasons(draft: Draft, throughput: float, epochs: float, by_heart: bool) -> tuple[str, ...]:
    """Describe the plan in three lines."""
    config, settings = draft.config, draft.settings
    most = ", after which it would rather learn by heart" if by_heart else ""
    return (
        f"{config.title}{config.kind.why_this_size(draft)}: {throughput:,.0f} {config.kind.counted} a second",
        f"{settings.steps:,} steps, {epochs:.1f} times over the text{most}",
        f"weight decay {settings.weight_decay:g}, dropout {getattr(config, 'dropout', 0):g}"
        + ", embedding tied to the output" * getattr(config, "tie_embedding", False),
    )
