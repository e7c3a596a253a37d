"""What an optimizer provides, and how to find one by name."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from charrnn.errors import ConfigError


@dataclass(frozen=True)
class Optimizer:
    """An update rule.

    Attributes:
        slots: names of the vectors that it keeps for each parameter.
        update: ``update(parameters, gradient, slots, rate, step, clip, first, last)``, compiled: one update of the
            elements first <= k < last. ``parameters`` and ``gradient`` are (N,), ``slots`` is (number of slots, N);
            ``rate`` is the learning rate, ``step`` counts updates from 1, ``clip`` is a ``kernels.updates.Clip``.
        learning_rate: a rate that works for most models.
    """

    slots: tuple[str, ...]
    update: Callable[..., None]
    learning_rate: float


def optimizer_names() -> list[str]:
    """Names of all optimizers: the files of this folder."""
    others = {"__init__", "contract"}
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in others)


def find_optimizer(name: str) -> Optimizer:
    """The optimizer of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in optimizer_names():
        raise ConfigError(f"unknown optimizer {name!r}: choose one of {', '.join(optimizer_names())}")
    optimizer: Optimizer = import_module(f"charrnn.optimizers.{name}").OPTIMIZER
    return optimizer
