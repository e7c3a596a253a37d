"""The interface of update rules, and their lookup by name.

A rule's module may declare hyperparameters, which become options (see ``charrnn.hyperparameters``). The compiled update
takes their values as a tuple, in the order of their declarations.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from charrnn.registry import find


@dataclass(frozen=True)
class UpdateRule:
    """An update rule.

    Attributes:
        states: names of the state vectors, with one number for each parameter.
        update: compiled ``update(parameters, gradient, states, hyperparameters, learning_rate, step, clip, first,
            last)``, which updates the elements first <= k < last. ``parameters`` and ``gradient`` are (N,), ``states``
            is (number of states, N); ``hyperparameters`` is a tuple of float; ``step`` counts updates from 1; ``clip``
            is a ``kernels.updates.Clip``.
        learning_rate: the default learning rate, which works for most models.
        hyperparameters: the module's HYPERPARAMETERS.
        normalises: whether updates do not grow with the gradient, as it is divided by its own size.
    """

    states: tuple[str, ...]
    update: Callable[..., None]
    learning_rate: float
    hyperparameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    normalises: bool = False


def find_optimizer(name: str) -> UpdateRule:
    """The update rule with that name.

    Raises:
        ConfigError: no update rule has that name.
    """
    rule: UpdateRule = find("optimizers", "optimizer", name)
    return rule
