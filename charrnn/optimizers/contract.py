"""What an optimizer provides, and how to find one by name."""

from collections.abc import Callable
from dataclasses import dataclass

from charrnn.registry import find, names_in


@dataclass(frozen=True)
class UpdateRule:
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
    return names_in("optimizers")


def find_optimizer(name: str) -> UpdateRule:
    """The optimizer of that name.

    Raises:
        ConfigError: there is none.
    """
    optimizer: UpdateRule = find("optimizers", "optimizer", name)
    return optimizer
