"""charrnn's own trainer, as ``charrnn train`` runs it, and the Python API's samples."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from benchmarks.engines.contract import (
    CLIP_NORM,
    LEARNING_RATE,
    TEMPERATURE,
    Array,
    Engine,
    config_of,
    parameters_of,
    random_text,
)
from benchmarks.shared.shape import Shape
from charrnn.api import Model
from charrnn.errors import CharrnnError
from charrnn.kinds.config import PRECISIONS
from charrnn.models.language.config import LanguageConfig
from charrnn.models.language.network import Network
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import StepDone
from charrnn.training.settings import TrainingSettings
from charrnn.training.trainer import Trainer
from charrnn.workers import Workers


def absent(task: str, precision: str) -> str:
    """Why this precision cannot be had on this CPU for this task."""
    if precision not in PRECISIONS:
        return f"has no precision {precision}"
    if task == "sample":
        return ""
    try:
        LanguageConfig(vocab_size=1, precision=precision).require_trainable()
    except CharrnnError as error:
        return str(error)
    return ""


def train(shape: Shape, precision: str, threads: int) -> Iterator[float]:
    """See ``Engine.train``: events, checks and the slicing of windows included; no evaluation, nothing saved."""
    settings = TrainingSettings(
        batch_size=shape.streams,
        seq_length=shape.steps,
        learning_rate=LEARNING_RATE,
        schedule="constant",
        clip_norm=CLIP_NORM,
        steps=2**40,
        eval_every=2**40,
    )
    config, text = config_of(shape, precision), random_text(shape)
    trainer = Trainer(config, settings, vocabulary_of(shape), text, np.empty(0, np.int32), threads=threads)
    for event in trainer.run():
        if isinstance(event, StepDone):
            yield event.train_bpc * np.log(2)


def sample(shape: Shape, precision: str, threads: int) -> Iterator[Array]:
    """See ``Engine.sample``: each item reads the first character and draws its texts anew."""
    vocabulary = vocabulary_of(shape)
    model = Model(Network(parameters_of(shape, precision), Workers(threads)), vocabulary)
    for rng_seed in count():
        samples = model.samples(
            vocabulary.symbols[0],
            num_samples=shape.streams,
            rng_seed=rng_seed,
            length=shape.steps,
            temperature=TEMPERATURE,
        )
        yield np.stack([vocabulary.encode(sample.text[1:]) for sample in samples])


def vocabulary_of(shape: Shape) -> Vocabulary:
    """Any characters."""
    return Vocabulary("".join(map(chr, range(shape.vocabulary))))


ENGINE = Engine("charrnn", absent, train, sample)
