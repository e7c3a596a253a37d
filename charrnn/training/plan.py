"""What a run of so many minutes is best made of: what the user leaves open is chosen here.

A model can be too small for the time it has, too large to be trained in it, or large enough to learn a short text by
heart. At equal time, the best size grows with the time and the machine's speed (Kaplan et al. 2020; Hoffmann et al.
2022); the constants are measured, see docs/quality.md.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
    seconds = 60 * minutes
    chosen: dict[str, Any] = {"minutes": minutes, "val_fraction": _val_fraction(characters)}
    if given.get("optimizer", TrainingSettings.optimizer) == TrainingSettings.optimizer:
        chosen["weight_decay"] = WEIGHT_DECAY
    if given.get("model", ModelConfig.model) == ModelConfig.model:
        chosen["cell"] = CELL
    config, settings = _parts({**chosen, **given}, characters, vocab_size)
    rate = speed(config, settings)
    if "hidden_size" not in given:
        chosen["hidden_size"] = best_size(rate * seconds * work_per_character(config))
        config, settings = _parts({**chosen, **given}, characters, vocab_size)
        rate = speed(config, settings)
    evaluations, steps = _steps(settings, characters, seconds, spent(), rate)
    chosen |= {"steps": steps, "eval_every": math.ceil(steps / evaluations)}
    options = {name: value for name, value in chosen.items() if name not in given}
    return Plan(options, _reasons(config, settings, characters, rate, minutes, steps))


def work_per_character(config: ModelConfig) -> float:
    """Floating-point operations for a character: forward, and twice as many backward."""
    H, layers = config.hidden_size, config.num_layers
    return 6.0 * H * ((2 * layers - 1) * config.gate_width + config.vocab_size)


def best_size(work: float) -> int:
    """The hidden size that learns most with so many floating-point operations."""
    size = REFERENCE_SIZE * (work / REFERENCE_WORK) ** 0.25
    return min(HIDDEN_SIZES, key=lambda known: abs(math.log(known / size)))


def _val_fraction(characters: int) -> float:
    """The part of a text that validates: as by default, but of a long text no more than is needed."""
    usual = TrainingSettings.val_fraction
    return usual if usual * characters <= MOST_VALIDATION else round(MOST_VALIDATION / characters, 6)


def _steps(settings: TrainingSettings, characters: int, seconds: float, spent: float, rate: float) -> tuple[int, int]:
    """How many evaluations and updates fit into the time."""
    evaluation = characters * settings.val_fraction / (SCORING_SPEED * rate)
    most = int(EVALUATION_SHARE * seconds / evaluation) if evaluation else MOST_EVALUATIONS
    evaluations = max(FEWEST_EVALUATIONS, min(MOST_EVALUATIONS, most))
    left = (1 - SPARE) * seconds - min(spent, MOST_START * seconds) - evaluations * evaluation
    return evaluations, max(1, int(left * rate / (settings.batch_size * settings.window)))


def _reasons(
    config: ModelConfig, settings: TrainingSettings, characters: int, rate: float, minutes: float, steps: int
) -> tuple[str, ...]:
    """The plan in a few lines."""
    learned = characters * (1 - settings.val_fraction)
    epochs = steps * settings.batch_size * settings.window / learned
    return (
        f"{config.title} learns most in {minutes:.3g} minutes here, at {rate:,.0f} characters a second",
        f"{steps:,} steps, which are {epochs:.1f} times over the text",
    )


def _parts(options: Mapping[str, Any], characters: int, vocab_size: int) -> tuple[ModelConfig, TrainingSettings]:
    """The model and the settings of a run with such options; the settings as the text can fill them."""
    config = ModelConfig(vocab_size=vocab_size, **only(MODEL_OPTIONS, options))
    settings = TrainingSettings(**only(TRAINING_OPTIONS, options))
    return config, fit_settings(settings, characters - int(characters * settings.val_fraction))[0]
