"""Options, each declared once, on the dataclass field that holds it.

The declaration determines the check of the value, the command-line option with its help and default, the values that a
sweep may set, whether a resumed run may change it, and which kinds of models have it.
"""

import dataclasses
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from charrnn.arguments import check_path, check_whole
from charrnn.errors import ConfigError

LARGEST = 2**63 - 1
"""The largest value of an option that is a whole number, so that it can become a float."""

WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}


@dataclasses.dataclass(frozen=True)
class Option:
    """The declaration of an option.

    Attributes:
        help: a sentence for the command line.
        group: heading under which the help lists the option.
        shown_default: the default in the help, if the value itself would say little.
        metavar: the placeholder of the value in the help.
        flag: the command-line flag without dashes; the name if empty.
        negatable: whether ``--no-FLAG`` switches it off.
        least: smallest allowed value.
        above: number that the value must exceed.
        below: number that the value must be below.
        most: largest allowed value.
        choices: a function that returns the allowed texts.
        resumed: whether a resumed run may be given another value: "freely"; "told" if this changes what is learned,
            so that the user gets a note; "" if it may not.
        retrained: whether a run that starts from another one's weights may be given another value.
        kinds: tasks and names of the kinds of models that have it; none for all.
        name: name of the dataclass field.
        kind: bool, int, float, str or Path.
        default: the value if none is given.
    """

    help: str
    group: str
    shown_default: str | None = None
    metavar: str | None = None
    flag: str = ""
    negatable: bool = False
    least: float | None = None
    above: float | None = None
    below: float | None = None
    most: float | None = None
    choices: Callable[[], Sequence[str]] | None = None
    resumed: str = ""
    retrained: bool = False
    kinds: tuple[tuple[str, str], ...] = ()
    name: str = ""
    kind: type = str
    default: Any = None

    def check(self, value: Any) -> Any:
        """Return the value in the option's own type; the default always passes.

        Raises:
            ConfigError: The value is of another type, or out of range.
        """
        if value is None and self.default is None:
            return None
        if self.kind is Path:
            return check_path(self.name, value)
        if self.kind is int:
            if type(value) is int and value == self.default:
                return value
            bounds = (-math.inf if self.least is None else self.least, math.inf if self.most is None else self.most)
            return self._small(check_whole(self.name, value, *bounds))
        kind = numbers.Real if self.kind is float else self.kind
        if not isinstance(value, kind) or (isinstance(value, bool) and self.kind is not bool):
            raise ConfigError(f"{self.name} must be {WANTED[self.kind]}, not {value!r}")
        if self.choices and value not in self.choices():
            raise ConfigError(f"unknown {self.name} {value!r}: choose one of {', '.join(self.choices())}")
        if self.kind is float:
            number = float(self._small(value))
            if number != self.default and not self._is_in_range(number):
                wanted = "finite" if math.isinf(number) else self.range
                raise ConfigError(f"{self.name} must be {wanted}, not {value!r}")
            return number
        return self.kind(value)  # converts subclasses such as np.str_, too

    def _small(self, value: Any) -> Any:
        """Return the number if it is at most LARGEST; else raise a ConfigError."""
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ConfigError(f"{self.name} must be below 2^63, not greater: choose a smaller one")
        return value

    def _is_in_range(self, value: float) -> bool:
        return (
            math.isfinite(value)
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and (self.most is None or value <= self.most)
        )

    @property
    def range(self) -> str:
        """The range of allowed numbers, in words."""
        words = (("at least", self.least), ("above", self.above), ("below", self.below), ("at most", self.most))
        return " and ".join(f"{word} {bound:,}" for word, bound in words if bound is not None) or "finite"


def declare(default: Any, help_text: str, group: str, **declared: Any) -> Any:
    """Create a dataclass field that is an option; ``declared`` are further attributes of ``Option``."""
    return dataclasses.field(default=default, metadata={"option": Option(help_text, group, **declared)})


def options_of(holder: Any) -> dict[str, Option]:
    """Return the options that a dataclass declares, by name and in their order."""
    return _options_of(holder)


@cache
def _options_of(holder: Any) -> dict[str, Option]:
    kinds = {kind.__name__: kind for kind in WANTED}
    return {
        field.name: dataclasses.replace(
            field.metadata["option"],
            name=field.name,
            kind=kinds[_name_of(field.type).removesuffix(" | None")],
            flag=field.metadata["option"].flag or field.name.replace("_", "-"),
            default=field.default,
        )
        for field in dataclasses.fields(holder)
        if "option" in field.metadata
    }


def _name_of(annotation: Any) -> str:
    """An annotation as text; depending on the module, it may be text already."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def check_options_of(holder: Any, options: Mapping[str, Option]) -> None:
    """Check the options of a frozen dataclass and convert each to its declared type.

    Raises:
        ConfigError: A value is of another type, or out of range.
    """
    for name, declared in options.items():
        object.__setattr__(holder, name, declared.check(getattr(holder, name)))
