"""What is done with a run's minutes: what the user leaves open is chosen, and the minutes become steps.

The clock would make every run another one; steps can be repeated.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.kinds.config import ModelConfig, config_for, kind_of
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.fitting import fit_settings
from charrnn.training.options import MODEL_OPTIONS, only
from charrnn.training.settings import LIMITS, TRAINING_OPTIONS, TrainingSettings, limits_in, settings_of

Speed = Callable[[ModelConfig, TrainingSettings], float]
"""Characters per second of training with such a model and such settings."""

Parts = Callable[[float], tuple[int, int]]
"""How many characters of a text there are to train on and to validate with, if that fraction is to validate."""

PLANNED_PATIENCE = 8
"""Evaluations without a better one after which a run ends whose time nobody has set."""

SPARE = 0.02
"""Part of the time that is kept back, in case that the machine is slower later on."""

START_SECONDS = 1.0
"""What the command took before its clock began."""

MOST_RESERVED = 0.5
"""Part of the time after which the rest is left to the steps, however long kernels took to compile."""

EVALUATION_SHARE = 0.03
"""Part of the time that goes into evaluations."""

MOST_EVALUATIONS = 30

LEAST_STEPS = 100
"""Steps after which a run may end because it would learn by heart: twice as many as the learning rate takes to rise."""

MOST_WARMUP = 0.1
"""Part of the steps in which the learning rate rises, at most."""

SCORING_SPEED = 3.0
"""How much faster a text is scored than trained on."""

MOST_VALIDATION = 500_000
"""Characters that tell well enough how good a model is."""

MOST_OF_LONG_TEXT = 0.05
"""Part of the time that one evaluation of a long text may take: less of it validates in a short run."""


@dataclass(frozen=True)
class Plan:
    """What was chosen, and why.

    Attributes:
        options: fields of ``ModelConfig`` and ``TrainingSettings`` that were left open.
        reasons: lines for the user.
        reserved: seconds of the run's time that the steps do not have: all before the first one, and an evaluation
            after the last one.
        limited_by_text: whether the steps end before the time does, as more of them would overfit the text.
    """

    options: dict[str, Any]
    reasons: tuple[str, ...]
    reserved: float
    limited_by_text: bool


def wants_plan(given: Mapping[str, Any]) -> bool:
    """Whether a run with these options is one of minutes, for which the rest is chosen."""
    kind = kind_of(given)
    return kind.planned and not given.get("steps") and not given.get("epochs")


def make_plan(
    given: Mapping[str, Any], parts: Parts, vocabulary: Vocabulary, spent: Callable[[], float], speed: Speed
) -> Plan:
    """Choose what ``given`` leaves open.

    Args:
        given: fields of ``ModelConfig`` and ``TrainingSettings``.
        parts: of the text.
        vocabulary: of it.
        spent: tells how many seconds of the run's time are over.
        speed: measures this machine.
    """
    draft = Draft(given, parts, vocabulary)
    draft.choose(minutes=limits_in(given)["minutes"])
    draft.validate_with(MOST_VALIDATION)
    if not draft.is_given("minutes") and draft.settings.val_fraction:
        draft.choose(patience=PLANNED_PATIENCE)
    rate = draft.config.kind.choose(draft, speed)
    draft.validate_with(MOST_OF_LONG_TEXT * 60 * draft.settings.minutes * SCORING_SPEED * rate)
    evaluation = draft.val_characters / (SCORING_SPEED * rate)
    reserved = min(START_SECONDS + spent() + evaluation, MOST_RESERVED * 60 * draft.settings.minutes)
    evaluations, fitting = _steps(draft, reserved, evaluation, rate)
    most = draft.most_epochs * draft.steps_in_epoch
    steps = fitting if math.isinf(most) else min(fitting, max(LEAST_STEPS, math.ceil(most)))
    draft.choose(steps=steps, eval_every=math.ceil(steps / evaluations))
    if steps < draft.settings.warmup_steps / MOST_WARMUP:
        draft.choose(warmup_steps=int(MOST_WARMUP * steps))
    limited = steps < fitting
    return Plan(draft.chosen, _reasons(draft, rate, by_heart=limited), reserved, limited)


class Draft:
    """What has been chosen so far.

    Attributes:
        chosen: the options.
        config: of a run with them.
        settings: of that run, as its text can fill them.
        characters: to learn.
        val_characters: to validate with.
    """

    def __init__(self, given: Mapping[str, Any], parts: Parts, vocabulary: Vocabulary) -> None:
        self._given = {name: value for name, value in given.items() if value or name not in LIMITS}
        self._parts, self._vocabulary = parts, vocabulary
        self.chosen: dict[str, Any] = {}
        self.choose()

    def is_given(self, option: str) -> bool:
        """Whether the user has chosen it."""
        return option in self._given

    def is_default(self, option: str) -> bool:
        """Whether it has its default."""
        return self._given.get(option) is None

    def choose(self, **options: Any) -> None:
        """Choose these, where they are not given."""
        self.chosen |= {name: value for name, value in options.items() if not self.is_given(name)}
        known = {**self.chosen, **self._given}
        self.config: Any = config_for(self._vocabulary, **only(MODEL_OPTIONS, known))
        settings = settings_of(only(TRAINING_OPTIONS, known))
        self.characters, self.val_characters = self._parts(settings.val_fraction)
        self.settings, _ = fit_settings(settings, self.characters)

    def validate_with(self, most: float) -> None:
        """Choose that so many characters at most validate, if the text is long."""
        characters = self.characters + self.val_characters
        if TrainingSettings.val_fraction * characters > MOST_VALIDATION:
            self.choose(val_fraction=round(min(MOST_VALIDATION, most) / characters, 6))

    @property
    def steps_in_epoch(self) -> float:
        """Updates in one pass over the text."""
        return self.characters / (self.settings.batch_size * self.settings.window)

    @property
    def most_epochs(self) -> float:
        """Passes over the text that are worth the time."""
        epochs: float = self.config.kind.most_epochs(self.config, self.characters)
        return epochs


def _steps(draft: Draft, reserved: float, evaluation: float, rate: float) -> tuple[int, int]:
    """How many evaluations and updates fit into the time; what is reserved holds the last evaluation."""
    seconds = 60 * draft.settings.minutes
    most = int(EVALUATION_SHARE * seconds / evaluation) if evaluation else MOST_EVALUATIONS
    evaluations = max(1, min(MOST_EVALUATIONS, most))
    left = (1 - SPARE) * seconds - reserved - (evaluations - 1) * evaluation
    return evaluations, max(1, int(left * rate / draft.characters * draft.steps_in_epoch))


def _reasons(draft: Draft, rate: float, by_heart: bool) -> tuple[str, ...]:
    """The plan in a few lines."""
    config, settings = draft.config, draft.settings
    most = ", after which it would rather learn by heart" if by_heart else ""
    return (
        f"{config.title}{config.kind.why_this_size(draft)}: {rate:,.0f} characters a second",
        f"{settings.steps:,} steps, {settings.steps / draft.steps_in_epoch:.1f} times over the text{most}",
        f"weight decay {settings.weight_decay:g}, dropout {getattr(config, 'dropout', 0):g}"
        + ", embedding tied to the output" * getattr(config, "tie_embedding", False),
    )
