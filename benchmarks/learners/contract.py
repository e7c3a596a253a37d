"""What a learner provides, and how to find one by name.

All learn the same text, its first nine tenths, for the same time on the same threads, and are scored on the last tenth.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

OURS = "charrnn"
VAL_FRACTION = 0.1
EVALUATIONS = 12
"""Of each run, so that there is a curve."""

Ids = npt.NDArray[np.int64]
Point = tuple[float, float]
"""Seconds of learning, and the loss on the last tenth in nats for each character."""


@dataclass(frozen=True)
class Lesson:
    """What is to be learned."""

    text: Path
    seconds: float
    threads: int
    rng_seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    """One of the learner's settings."""

    def ids(self) -> tuple[Ids, Ids, int]:
        """The characters to learn and those to be scored, as numbers; and how many different ones there are."""
        text = self.text.read_text(encoding="utf-8")
        symbols = {symbol: number for number, symbol in enumerate(sorted(set(text)))}
        ids = np.array([symbols[symbol] for symbol in text], np.int64)
        cut = len(ids) - int(len(ids) * VAL_FRACTION)
        return ids[:cut], ids[cut:], len(symbols)


@dataclass(frozen=True)
class Learner:
    """A tool under test.

    Attributes:
        name: as tables show it.
        settings: options by a short name for each; the best of them counts.
        absent: why it cannot run here; "" if it can.
        learn: yields what it has reached, up to the end of the time; the last point counts.
    """

    name: str
    settings: Mapping[str, Mapping[str, Any]]
    absent: Callable[[], str]
    learn: Callable[[Lesson], Iterator[Point]]


def points(lesson: Lesson, step: Callable[[float], None], score: Callable[[], float]) -> Iterator[Point]:
    """What is reached by the steps that fit into the time; scoring takes none of it.

    Args:
        lesson: tells the time.
        step: makes one, at a part of the highest learning rate: a cosine that falls from 1 to 0 within the time.
        score: the loss on the last tenth, in nats for each character.
    """
    seconds = 0.0
    for mark in range(1, EVALUATIONS + 1):
        while seconds < lesson.seconds * mark / EVALUATIONS:
            begin = time.perf_counter()
            step(0.5 + 0.5 * math.cos(math.pi * seconds / lesson.seconds))
            seconds += time.perf_counter() - begin
        yield seconds, score()


def learner_names() -> list[str]:
    """Names of the learners, ours first: the files of this folder."""
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"__init__", "contract"}
    return sorted(names, key=lambda name: (name != OURS, name))


def find_learner(name: str) -> Learner:
    """The learner of that name."""
    learner: Learner = import_module(f"benchmarks.learners.{name}").LEARNER
    return learner
