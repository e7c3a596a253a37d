"""What a run of so many minutes is best made of: what the user leaves open is chosen here.

A model can be too small for the time it has, too large to be trained in it, or large enough to learn a short text by
heart. At equal time, the best size grows with the time and the machine's speed (Kaplan et al. 2020; Hoffmann et al.
2022); the constants are measured, see docs/quality.md.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from charrnn.kernels.processor import BFLOAT16
from charrnn.model.config import ModelConfig
from charrnn.training.fitting import fit_settings
from charrnn.training.options import MODEL_OPTIONS, TRAINING_OPTIONS, only
from charrnn.training.settings import TrainingSettings, limits_in

Speed = Callable[[ModelConfig, TrainingSettings], float]
"""Characters per second of training with such a model and such settings."""

CELL = "gru"
"""The cell that learns most in a few minutes."""

HIDDEN_SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)

REFERENCE_SIZE = 512
REFERENCE_WORK = 2.7e13
"""The size that is best for this much work, in floating-point operations; the best size grows with its fourth root."""

WEIGHT_DECAY = 0.3

PATIENCE = 8
"""Evaluations without a better one after which a run ends whose time nobody has set."""

LEAST_BF16_MINUTES, LEAST_BF16_GAIN = 1.0, 1.15
"""Shorter runs are not worth the time to compile for bfloat16, nor is it worth rounding where it is hardly faster."""

SPARE = 0.04
"""Part of the time that is kept back, in case that the machine is slower later on."""

MOST_START = 0.5
"""Part of the time after which the rest is left to training, however long kernels took to compile."""

EVALUATION_SHARE = 0.04
"""Part of the time that goes into evaluations."""

FEWEST_EVALUATIONS, MOST_EVALUATIONS = 2, 30

SCORING_SPEED = 3.0
"""How much faster a text is scored than trained on."""

MOST_VALIDATION = 500_000
"""Characters that tell well enough how good a model is."""


@dataclass(frozen=True)
class Plan:
    """What was chosen, and why.

    Attributes:
        options: fields of ``ModelConfig`` and ``TrainingSettings`` that were left open.
        reasons: lines for the user.
    """

    options: dict[str, Any]
    reasons: tuple[str, ...]


def wants_plan(given: Mapping[str, Any]) -> bool:
    """Whether a run with these options is one of minutes, for which the rest is chosen."""
    return given.get("model") != "ngram" and not given.get("steps") and not given.get("epochs")


def make_plan(
    given: Mapping[str, Any], characters: int, vocab_size: int, spent: Callable[[], float], speed: Speed
) -> Plan:
    """Choose what ``given`` leaves open.

    Args:
        given: fields of ``ModelConfig`` and ``TrainingSettings``.
        characters: of the text.
        vocab_size: V.
        spent: tells how many seconds of the run's time are over.
        speed: measures this machine.
    """
    minutes = limits_in(given)["minutes"]
    draft = _Draft(given, characters, vocab_size)
    draft.choose(minutes=minutes)
    if TrainingSettings.val_fraction * characters > MOST_VALIDATION:
        draft.choose(val_fraction=round(MOST_VALIDATION / characters, 6))
    if "minutes" not in given and draft.settings.val_fraction:
        draft.choose(patience=PATIENCE)
    if draft.settings.optimizer == TrainingSettings.optimizer:
        draft.choose(weight_decay=WEIGHT_DECAY)
    if draft.config.model == "rnn":
        draft.choose(cell=CELL)
    rate = speed(draft.config, draft.settings)
    if draft.config.model == "rnn":
        if BFLOAT16 and "precision" not in given and minutes >= LEAST_BF16_MINUTES:
            bf16_rate = speed(replace(draft.config, precision="bf16"), draft.settings)
            if bf16_rate > LEAST_BF16_GAIN * rate:
                draft.choose(precision="bf16")
                rate = bf16_rate
        if "hidden_size" not in given:
            draft.choose(hidden_size=best_size(rate * 60 * minutes * work_per_character(draft.config)))
            rate = speed(draft.config, draft.settings)
    evaluations, steps = _steps(draft.settings, characters, 60 * minutes, spent(), rate)
    draft.choose(steps=steps, eval_every=math.ceil(steps / evaluations))
    return Plan(draft.chosen, draft.reasons(rate))


class _Draft:
    """What has been chosen so far.

    Attributes:
        chosen: the options.
        config: of a run with them.
        settings: of that run, as its text can fill them.
    """

    def __init__(self, given: Mapping[str, Any], characters: int, vocab_size: int) -> None:
        self._given, self._characters, self._vocab_size = given, characters, vocab_size
        self.chosen: dict[str, Any] = {}
        self.choose()

    def choose(self, **options: Any) -> None:
        """Choose these, where they are not given."""
        self.chosen |= {name: value for name, value in options.items() if name not in self._given}
        known = {**self.chosen, **self._given}
        self.config = ModelConfig(vocab_size=self._vocab_size, **only(MODEL_OPTIONS, known))
        settings = TrainingSettings(**only(TRAINING_OPTIONS, known))
        train_characters = self._characters - int(self._characters * settings.val_fraction)
        self.settings, _ = fit_settings(settings, train_characters)
        self._epoch = train_characters / (self.settings.batch_size * self.settings.window)

    def reasons(self, rate: float) -> tuple[str, ...]:
        """The plan in a few lines; ``rate`` is how many characters a second are learned."""
        minutes, steps = self.settings.minutes, self.settings.steps
        return (
            f"{self.config.title} learns most in {minutes:.3g} minutes here, at {rate:,.0f} characters a second",
            f"{steps:,} steps, which are {steps / self._epoch:.1f} times over the text",
        )


def work_per_character(config: ModelConfig) -> float:
    """Floating-point operations for a character: forward, and twice as many backward."""
    H, layers = config.hidden_size, config.num_layers
    return 6.0 * H * ((2 * layers - 1) * config.gate_width + config.vocab_size)


def best_size(work: float) -> int:
    """The hidden size that learns most with so many floating-point operations."""
    size = REFERENCE_SIZE * (work / REFERENCE_WORK) ** 0.25
    return min(HIDDEN_SIZES, key=lambda known: abs(math.log(known / size)))


def _steps(settings: TrainingSettings, characters: int, seconds: float, spent: float, rate: float) -> tuple[int, int]:
    """How many evaluations and updates fit into the time."""
    evaluation = characters * settings.val_fraction / (SCORING_SPEED * rate)
    most = int(EVALUATION_SHARE * seconds / evaluation) if evaluation else MOST_EVALUATIONS
    evaluations = max(FEWEST_EVALUATIONS, min(MOST_EVALUATIONS, most))
    left = (1 - SPARE) * seconds - min(spent, MOST_START * seconds) - evaluations * evaluation
    return evaluations, max(1, int(left * rate / (settings.batch_size * settings.window)))
