"""Measure how fast this machine trains a model."""

from dataclasses import replace
from typing import Any

from charrnn.clock import running_seconds
from charrnn.kinds.config import ModelConfig
from charrnn.optimizers.optimizer import Optimizer
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.memory import check_memory
from charrnn.training.settings import TrainingSettings
from charrnn.training.together import ALONE, Together
from charrnn.workers import Workers


def training_speed(
    config: ModelConfig,
    settings: TrainingSettings,
    vocabulary: Vocabulary,
    data: Any,
    *,
    threads: int,
    seconds: float,
    together: Together = ALONE,
) -> float:
    """Measure the training speed in characters per second, by steps on batches like those of a run.

    All kernels of a run are compiled first, including those of evaluations and previews.

    Args:
        config: the model's shape.
        settings: the batch, the window and the optimizer.
        vocabulary: V characters.
        data: the data to train on.
        threads: number of threads.
        seconds: how long to measure; at least one step is measured.
        together: the processes that would train the model, which all measure at the same time.
    """
    kind, together = config.kind, together.begin(settings)
    batches = kind.batches(config, settings, data)
    longest, streams = batches.longest, together.streams(settings.batch_size)
    check_memory(config, replace(settings, batch_size=streams), longest)
    workers = Workers(threads)
    parameters = kind.parameters(config).initialise(settings.rng_seed)
    learner = kind.learner(parameters, workers, longest, streams)
    optimizer = Optimizer(settings.optimizer, parameters.vector, parameters.decaying, workers)
    state = learner.network.initial_state(streams)
    trial = kind.trial(config, settings, batches)

    def step() -> int:
        batch = next(trial)
        own = together.rows(batch)
        loss = learner.loss_and_gradient(own, state, dropout_seed=0)
        together.mean(loss, learner.gradient.vector, own, batch)
        optimizer.clip_and_update(learner.gradient.vector, 0.0, 1)
        learner.network.refresh()
        return batch.characters

    step()
    kind.warm_up(learner.network, vocabulary, settings, data)
    started, characters = running_seconds(), 0
    end = started + seconds
    while not characters or together.first(lambda: running_seconds() < end):
        characters += step()
    return characters / max(running_seconds() - started, 1e-9)
