"""Hyperparameters that cells and optimizers declare, each of which becomes an option.

The module of such a part (a cell or an optimizer) declares them as a literal, which the command line reads without
importing the module. The literal maps each name to attributes of a ``charrnn.options.Option``, of which ``default`` and
``help`` are required.

    HYPERPARAMETERS = {"momentum": {"default": 0.9, "help": "Momentum.", "least": 0, "below": 1}}
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import cache
from typing import Any

from charrnn.errors import ConfigError
from charrnn.options import Option
from charrnn.registry import is_ours, literal_in, modules_in, names_in


@cache
def declared_by(folder: str, name: str) -> dict[str, Mapping[str, Any]]:
    """Return the declarations of a part's hyperparameters, by name.

    Raises:
        ConfigError: the declaration in another package is malformed.
    """
    declared = literal_in(folder, name, "HYPERPARAMETERS") or {}
    try:
        return {key: one for key, one in declared.items() if isinstance(_option(key, one).check(one["default"]), float)}
    except (ConfigError, AttributeError, KeyError, TypeError) as error:
        module = modules_in(folder)[name]
        raise ConfigError(
            f"HYPERPARAMETERS of {module} must be as docs/extending.md says, not {declared!r}: correct that package"
        ) from error


def defaults_of(folder: str, name: str) -> dict[str, float]:
    """Return the defaults of a part's hyperparameters, by name."""
    return {key: float(one["default"]) for key, one in declared_by(folder, name).items()}


@cache
def options_in(folder: str, group: str, resumed: str = "") -> dict[str, Option]:
    """Return the hyperparameters of all parts of a folder as options; the default None means a part's own default.

    If several parts have the same hyperparameter, this package's declaration determines the option.
    """
    options: dict[str, Option] = {}
    parts: dict[str, dict[str, list[str]]] = {}
    for part in sorted(names_in(folder), key=lambda name: not is_ours(modules_in(folder)[name])):
        with nullcontext() if is_ours(modules_in(folder)[part]) else suppress(ConfigError):  # reported when it is used
            for name, declared in declared_by(folder, part).items():
                options.setdefault(name, _option(name, declared, group, resumed))
                parts.setdefault(name, {}).setdefault(f"{declared['default']:g}", []).append(part)
    return {name: replace(option, shown_default=_shown(parts[name])) for name, option in options.items()}


def _shown(parts: Mapping[str, Sequence[str]]) -> str:
    """Return the default values of a hyperparameter, each with the names of the parts that have it."""
    return "; ".join(f"{value} ({', '.join(names)})" for value, names in parts.items())


def _option(name: str, declared: Mapping[str, Any], group: str = "", resumed: str = "") -> Option:
    attributes = {key: value for key, value in declared.items() if key not in ("default", "help")}
    attributes |= {"name": name, "flag": name.replace("_", "-"), "kind": float, "resumed": resumed}
    return Option(declared["help"], group, **attributes)


def check_hyperparameters(folder: str, role: str, name: str, given: Mapping[str, Any]) -> None:
    """Check the hyperparameters given to a part.

    Raises:
        ConfigError: The part has no such hyperparameter, or a value is out of range.
    """
    declared = declared_by(folder, name)
    for key, value in given.items():
        if key not in declared:
            raise ConfigError(f"{role} {name} has no {key}: leave it out")
        _option(key, declared[key]).check(value)


def owner_of(folder: str, hyperparameter: str) -> str:
    """Return the name of a part that has a hyperparameter."""
    for name in names_in(folder):
        with suppress(ConfigError):
            if hyperparameter in declared_by(folder, name):
                return name
    raise KeyError(hyperparameter)
