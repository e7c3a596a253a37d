"""What an engine provides, and how to find one by name.

All train the same model in the same way: an embedding as wide as the vocabulary, a stacked LSTM, a linear head;
cross-entropy, truncated backpropagation with the state carried over, clipping by global norm, Adam. All read the same
random text from memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape

OURS = "charrnn"
CLIP_NORM = 1.0
LEARNING_RATE = 0.002

WINDOWS = 8
"""Windows of the text; then it begins anew."""


@dataclass(frozen=True)
class Engine:
    """An engine under test.

    Attributes:
        name: as tables show it.
        absent: ``absent(precision)`` says why the engine cannot train in that precision here; "" if it can.
        train: ``train(shape, precision, threads)`` is an iterator: the first item builds the model, and each does one
            whole training step, from the batch to the updated parameters. An item is the step's loss in nats.
        cells: those that it has; none for all.
    """

    name: str
    absent: Callable[[str], str]
    train: Callable[[Shape, str, int], Iterator[float]]
    cells: tuple[str, ...] = ()

    def offers(self, cell: str) -> bool:
        """Whether it has such a cell."""
        return not self.cells or cell in self.cells


def engine_names() -> list[str]:
    """Names of all engines, ours first: the files of this folder."""
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"__init__", "contract"}
    return sorted(names, key=lambda name: (name != OURS, name))


def find_engine(name: str) -> Engine:
    """The engine of that name."""
    engine: Engine = import_module(f"benchmarks.engines.{name}").ENGINE
    return engine


def usable_engines(names: Sequence[str], precisions: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The pairs (engine, precision) that can be measured here; and for each other one, why not.

    Raises:
        BenchmarkError: none can.
    """
    usable, left_out = [], []
    for precision, name in product(precisions, names):
        engine = find_engine(name)
        if reason := engine.absent(precision):
            left_out.append(f"{engine.name} {precision} left out: {reason}")
        else:
            usable.append((name, precision))
    if not usable:
        raise BenchmarkError("; ".join(left_out))
    return usable, left_out


def random_text(shape: Shape) -> npt.NDArray[np.int32]:
    """Ids of a text that no model can learn: WINDOWS windows and the character that follows."""
    count = WINDOWS * shape.characters + 1
    return np.random.default_rng(0).integers(0, shape.vocabulary, count).astype(np.int32)
