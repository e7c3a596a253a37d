"""What a learner provides, and how to find one by name.

All learn the same text, its first nine tenths, for the same time on the same threads, and are scored on the last tenth.
"""

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


def learner_names() -> list[str]:
    """Names of the learners, ours first: the files of this folder."""
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"__init__", "contract"}
    return sorted(names, key=lambda name: (name != OURS, name))


def find_learner(name: str) -> Learner:
    """The learner of that name."""
    learner: Learner = import_module(f"benchmarks.learners.{name}").LEARNER
    return learner
