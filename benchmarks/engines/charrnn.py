"""charrnn's own trainer, as ``charrnn train`` runs it."""

from collections.abc import Iterator

import numpy as np

from benchmarks.engines.contract import CLIP_NORM, LEARNING_RATE, Engine, random_text
from benchmarks.shared.shape import Shape
from charrnn.errors import CharrnnError
from charrnn.model.config import PRECISIONS, ModelConfig
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import StepDone
from charrnn.training.settings import TrainingSettings
from charrnn.training.trainer import Trainer


def absent(precision: str) -> str:
    """Why this precision cannot be had on this CPU."""
    if precision not in PRECISIONS:
        return f"has no precision {precision}"
    try:
        for _ in zip(range(1), train(Shape(8, 1, 2, 2, 2), precision, 1), strict=False):
            pass
    except CharrnnError as error:
        return str(error)
    return ""


def train(shape: Shape, precision: str, threads: int) -> Iterator[float]:
    """See ``Engine.train``: events, checks and the slicing of windows included; no evaluation, nothing saved."""
    config = ModelConfig(
        vocab_size=shape.vocabulary,
        cell=shape.cell,
        hidden_size=shape.hidden,
        num_layers=shape.layers,
        precision=precision,
    )
    settings = TrainingSettings(
        batch_size=shape.streams,
        seq_length=shape.steps,
        learning_rate=LEARNING_RATE,
        schedule="constant",
        clip_norm=CLIP_NORM,
        steps=2**40,
        eval_every=2**40,
    )
    vocabulary = Vocabulary("".join(map(chr, range(shape.vocabulary))))
    trainer = Trainer(config, settings, vocabulary, random_text(shape), np.empty(0, np.int32), threads=threads)
    for event in trainer.run():
        if isinstance(event, StepDone):
            yield event.train_bpc * np.log(2)


ENGINE = Engine("charrnn", absent, train)
