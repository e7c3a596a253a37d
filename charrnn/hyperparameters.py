"""Hyperparameters that cells and optimizers declare, each of which becomes an option.

A module declares them as a literal, which the command line reads without importing the module. It maps each name to the
attributes of a ``charrnn.options.Option``, of which ``default`` and ``help`` are required.

    HYPERPARAMETERS = {"momentum": {"default": 0.9, "help": "Momentum.", "least": 0, "below": 1}}
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from charrnn.errors import ConfigError
from charrnn.options import Option
from charrnn.registry import literal_in, names_in


def defaults_of(folder: str, name: str) -> dict[str, float]:
    """Return the defaults of a part's hyperparameters, by name."""
    declared = literal_in(folder, name, "HYPERPARAMETERS") or {}
    return {key: float(one["default"]) for key, one in declared.items()}


@cache
def options_in(folder: str, group: str, resumed: str = "") -> dict[str, Option]:
    """Return the hyperparameters of all parts of a folder as options; the default None means a part's own default."""
    options: dict[str, Option] = {}
    for part in names_in(folder):
        for name, declared in (literal_in(folder, part, "HYPERPARAMETERS") or {}).items():
            shown = f"{part} {declared['default']:g}"
            if name in options:
                shown = f"{options[name].shown_default}, {shown}"
            options[name] = _option(name, declared, group, shown, resumed)
    return options


def _option(name: str, declared: Mapping[str, Any], group: str = "", shown: str = "", resumed: str = "") -> Option:
    attributes = {key: value for key, value in declared.items() if key not in ("default", "help")}
    attributes |= {"name": name, "flag": name.replace("_", "-"), "kind": float, "resumed": resumed}
    return Option(declared["help"], group, shown, **attributes)


def check_hyperparameters(folder: str, role: str, name: str, given: Mapping[str, Any]) -> None:
    """Check the hyperparameters given to a part.

    Raises:
        ConfigError: The part has no such hyperparameter, or a value is out of range.
    """
    declared = literal_in(folder, name, "HYPERPARAMETERS") or {}
    for key, value in given.items():
        if key not in declared:
            raise ConfigError(f"{role} {name} has no {key}: leave it out")
        _option(key, declared[key]).check(value)


def owner_of(folder: str, hyperparameter: str) -> str:
    """Return the name of a part that has a hyperparameter."""
    return next(name for name in names_in(folder) if hyperparameter in defaults_of(folder, name))
