"""Models of the same size that are to be compared, and how long a step of each takes on a core of its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.clock import since
from charrnn.kinds.config import make_config
from charrnn.models.ngram.config import HIGHEST_ORDER, NgramConfig
from charrnn.models.ngram.counts import NGram
from charrnn.registry import names_in
from charrnn.scoring.streams import score
from charrnn.text.corpus import Ids, split
from charrnn.text.sources import read_pieces
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import StepDone
from charrnn.training.settings import TrainingSettings
from charrnn.training.trainer import Trainer

VAL_FRACTION = 0.1

LARGEST_HIDDEN = 1 << 12

PACE_STEPS, PACE_ROUNDS = 15, 3
"""A model's pace is the fastest of so many turns; each is the median of so many steps."""

WARM_UP_STEPS = 2


@dataclass(frozen=True)
class Text:
    """A text whose last tenth validates."""

    vocabulary: Vocabulary
    train_ids: Ids
    val_ids: Ids

    @classmethod
    def read(cls, path: Path) -> "Text":
        """The text in a file."""
        text = "".join(piece.text for piece in read_pieces([str(path)]))
        vocabulary = Vocabulary.of(text)
        return cls(vocabulary, *split(vocabulary.encode(text), VAL_FRACTION))


@dataclass(frozen=True)
class Contender:
    """A network of the size asked for.

    Attributes:
        name: of the cell, or of the model.
        options: those of its config.
        parameters: their number.
    """

    name: str
    options: dict[str, Any]
    parameters: int

    @property
    def hidden_size(self) -> int:
        """H."""
        hidden: int = self.options["hidden_size"]
        return hidden


@dataclass(frozen=True)
class Counted:
    """What counts of one order come to.

    Attributes:
        order: of the n-gram model.
        size: its counts.
        seconds: that counting took.
        bpc: bits per character of the validation text.
    """

    order: int
    size: int
    seconds: float
    bpc: float


def networks(text: Text, wanted: int) -> Iterator[Contender]:
    """Every cell and the tdnn, of about ``wanted`` parameters."""
    for name in (*names_in("cells"), "tdnn"):
        kind = {"model": name} if name == "tdnn" else {"cell": name}
        count = partial(_parameters, text, kind)
        hidden = nearest(count, wanted, LARGEST_HIDDEN)
        yield Contender(name, {**kind, "hidden_size": hidden}, count(hidden))


def _parameters(text: Text, kind: dict[str, str], hidden: int) -> int:
    options: dict[str, Any] = {**kind, "hidden_size": hidden}
    config = make_config(len(text.vocabulary), **options)
    return int(config.kind.parameters(config).count)


def nearest(count: Callable[[int], int], wanted: int, most: int) -> int:
    """The size of 1 to ``most`` whose count, which rises with it, is nearest to the wanted one."""
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= wanted else (low, middle)
    return min((low, high), key=lambda size: abs(count(size) - wanted))


def counted(text: Text) -> Iterator[Counted]:
    """N-gram models of rising orders, until one is no better than the one before."""
    best = float("inf")
    for order in range(1, HIGHEST_ORDER + 1):
        start = time.process_time()
        model = NGram.count(NgramConfig(len(text.vocabulary), order=order), text.train_ids)
        seconds = since(start, "process_time")
        bpc = score(model, text.val_ids).bits_per_character
        yield Counted(order, model.size, seconds, bpc)
        if bpc >= best:
            return
        best = bpc


def paces(contenders: Sequence[Contender], text: Text) -> Iterator[tuple[Contender, float]]:
    """Seconds of a training step of each: of the process's own time, which other programs do not add to.

    They take turns, and the fastest turn counts, because a core that others use as well is slower.
    """
    rounds = [[_pace(contender, text) for contender in contenders] for _ in range(PACE_ROUNDS)]
    return zip(contenders, map(min, zip(*rounds, strict=True)), strict=True)


def _pace(contender: Contender, text: Text) -> float:
    config = make_config(len(text.vocabulary), **contender.options)
    steps = WARM_UP_STEPS + PACE_STEPS
    trainer = Trainer(
        config, TrainingSettings(steps=steps), text.vocabulary, text.train_ids, np.empty(0, np.int32), save_every=2**40
    )
    times, start = [], time.process_time()
    for event in trainer.run():
        if isinstance(event, StepDone):
            times.append(since(start, "process_time"))
            start = time.process_time()
    return float(np.median(times[WARM_UP_STEPS:]))
