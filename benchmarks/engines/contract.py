"""What an engine provides, and how to find one by name.

The model is always the same: an embedding as wide as the vocabulary, a stacked LSTM, a linear head. All train it in the
same way: cross-entropy, truncated backpropagation with the state carried over, clipping by global norm, Adam; all read
the same random text from memory. All draw from the same weights, from the softmax of the logits at TEMPERATURE.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape

if TYPE_CHECKING:  # other engines' processes hold nothing of ours while they train
    from charrnn.models.language.config import LanguageConfig
    from charrnn.models.language.parameters import LanguageParameters

Array = npt.NDArray[Any]

OURS = "charrnn"
CLIP_NORM = 1.0
LEARNING_RATE = 0.002
TEMPERATURE = 0.8

WINDOWS = 8
"""Windows of the text; then it begins anew."""


@dataclass(frozen=True)
class Engine:
    """An engine under test.

    Attributes:
        name: as tables show it.
        absent: ``absent(task, precision)`` says why the engine cannot ``train`` or ``sample`` in that precision here;
            "" if it can.
        train: ``train(shape, precision, threads)`` is an iterator: the first item builds the model, and each does one
            whole training step, from the batch to the updated parameters. An item is the step's loss in nats. None
            where the engine does not train.
        sample: ``sample(shape, precision, threads)`` is an iterator: the first item builds a model with the weights
            of ``parameters_of``, and each draws T characters of B texts. The texts begin with character 0, which is
            not drawn. An item is the ids (B, T). None where the engine does not sample.
        cells: those that it has; none for all.
    """

    name: str
    absent: Callable[[str, str], str]
    train: Callable[[Shape, str, int], Iterator[float]] | None = None
    sample: Callable[[Shape, str, int], Iterator[Array]] | None = None
    cells: tuple[str, ...] = ()

    def offers(self, cell: str) -> bool:
        """Whether it has such a cell."""
        return not self.cells or cell in self.cells


def engine_names(task: str) -> list[str]:
    """Names of the engines that can ``train`` or ``sample``, ours first: the files of this folder."""
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"__init__", "contract"}
    able = [name for name in names if getattr(find_engine(name), task)]
    return sorted(able, key=lambda name: (name != OURS, name))


def find_engine(name: str) -> Engine:
    """The engine of that name."""
    engine: Engine = import_module(f"benchmarks.engines.{name}").ENGINE
    return engine


def usable_engines(
    task: str, names: Sequence[str], precisions: Sequence[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """The pairs (engine, precision) whose task can be measured here; and for each other one, why not.

    Raises:
        BenchmarkError: none can.
    """
    usable, left_out = [], []
    for precision, name in product(precisions, names):
        engine = find_engine(name)
        if reason := engine.absent(task, precision):
            left_out.append(f"{engine.name} {precision} left out: {reason}")
        else:
            usable.append((name, precision))
    if not usable:
        raise BenchmarkError("; ".join(left_out))
    return usable, left_out


def config_of(shape: Shape, precision: str) -> "LanguageConfig":
    """The model."""
    from charrnn.models.language.config import LanguageConfig

    return LanguageConfig(
        vocab_size=shape.vocabulary,
        cell=shape.cell,
        hidden_size=shape.hidden,
        num_layers=shape.layers,
        precision=precision,
    )


def parameters_of(shape: Shape, precision: str) -> "LanguageParameters":
    """The weights from which all draw: random ones, since the time that a draw takes does not depend on them."""
    from charrnn.models.language.parameters import LanguageParameters

    return LanguageParameters(config_of(shape, precision)).initialise(0)


def random_text(shape: Shape) -> npt.NDArray[np.int32]:
    """Ids of a text that no model can learn: WINDOWS windows and the character that follows."""
    count = WINDOWS * shape.characters + 1
    return np.random.default_rng(0).integers(0, shape.vocabulary, count).astype(np.int32)
