"""How the learning rate changes during a run."""

import math

from charrnn.training.settings import TrainingSettings


def learning_rate_at(settings: TrainingSettings, step: int, epoch: float, progress: float) -> float:
    """The learning rate of the next update.

    ``constant`` stays; ``step`` is multiplied by ``decay_rate`` after every ``decay_every`` epochs; ``linear`` and
    ``cosine`` fall to zero at the end of the run (cosine: Loshchilov and Hutter 2017, without restarts). All rise
    linearly in the first ``warmup_steps``.

    Args:
        settings: the run's settings.
        step: updates done so far.
        epoch: passes over the text done so far, with their fraction.
        progress: the part of the run that is done, 0 to 1.
    """
    factor = {
        "constant": 1.0,
        "step": settings.decay_rate ** math.floor(epoch / settings.decay_every),
        "linear": 1 - progress,
        "cosine": 0.5 + 0.5 * math.cos(math.pi * progress),
    }[settings.schedule]
    warmup = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    return settings.learning_rate * factor * warmup
