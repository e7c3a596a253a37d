"""Measure how fast this machine trains a model."""

import numpy as np

from charrnn.clock import running_seconds
from charrnn.kinds.config import ModelConfig
from charrnn.optimizers.optimizer import Optimizer
from charrnn.scoring.streams import score
from charrnn.text.batches import Batch
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.memory import check_memory
from charrnn.training.preview import preview
from charrnn.training.settings import TrainingSettings
from charrnn.workers import Workers


def training_speed(
    config: ModelConfig, settings: TrainingSettings, vocabulary: Vocabulary, *, threads: int, seconds: float
) -> float:
    """Measure the training speed in characters per second, by steps on random text.

    All kernels of a run are compiled first, including those of evaluations and previews.

    Args:
        config: the model's shape.
        settings: the batch, the window and the optimizer.
        vocabulary: V characters.
        threads: number of threads.
        seconds: time to measure; at least one step is measured.
    """
    check_memory(config, settings, settings.seq_length)
    workers = Workers(threads)
    parameters = config.kind.parameters(config).initialise(settings.rng_seed)
    learner = config.kind.learner(parameters, workers, settings.seq_length, settings.batch_size)
    optimizer = Optimizer(settings.optimizer, parameters.vector, parameters.decaying, workers)
    state = learner.network.initial_state(settings.batch_size)
    shape = (settings.seq_length, settings.batch_size)
    x, y = np.random.default_rng(0).integers(config.vocab_size, size=(2, *shape), dtype=np.int32)
    batch = Batch(x, y[settings.seq_length - settings.window :])

    def step() -> None:
        learner.loss_and_gradient(batch, state, dropout_seed=0)
        optimizer.clip_and_update(learner.gradient.vector, 0.0, 1)
        learner.network.refresh()

    step()
    score(learner.network, np.zeros(max(2, settings.seq_length), np.int32))
    preview(learner.network, vocabulary, settings.rng_seed, step=0)
    started, steps = running_seconds(), 0
    while not steps or running_seconds() - started < seconds:
        step()
        steps += 1
    return steps * settings.batch_size * settings.window / max(running_seconds() - started, 1e-9)
