"""Options, each declared once: on the field of the dataclass that holds it.

From the declaration follow the check of its value, the option of the command line with its help and default, what a
sweep's file may give it, whether a resumed run may be given another value, and which kinds of models have it.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from charrnn.arguments import check_path, check_whole
from charrnn.errors import ConfigError

LARGEST = 2**63 - 1
"""The largest whole number that an option can be, so that it has a float."""

WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}


@dataclasses.dataclass(frozen=True)
class Option:
    """What is declared of an option.

    Attributes:
        help: a sentence for the command line.
        group: heading of the help under which it is listed.
        shown_default: what the help shows as the default where the value itself would not tell.
        metavar: what the help shows as its value.
        flag: what follows the dashes on the command line; its name if not given.
        negatable: whether ``--no-FLAG`` switches it off.
        least: smallest number that it can be.
        above: number above which it must be.
        below: number below which it must be.
        most: largest number that it can be.
        choices: gives the texts that it can be.
        resumed: whether a resumed run may be given another value: "freely", or "told" where that changes what is
            learned and the user is told so; "" if not.
        retrained: whether a run that starts from another one's weights may be given another value.
        kinds: tasks and names of the kinds of models that have it; none for all.
        name: of the field.
        kind: bool, int, float, str or Path.
        default: its value if not given.
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
        """Return the value, of the option's own type; the default is always fit.

        Raises:
            ConfigError: it is of another type, or out of range.
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
        kinds: tuple[type, ...] = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and self.kind is not bool):
            raise ConfigError(f"{self.name} must be {WANTED[self.kind]}, not {value!r}")
        if self.choices and value not in self.choices():
            raise ConfigError(f"unknown {self.name} {value!r}: choose one of {', '.join(self.choices())}")
        if isinstance(value, int | float) and value != self.default and not self._is_in_range(self._small(value)):
            raise ConfigError(f"{self.name} must be {self.range}, not {value!r}")
        return self.kind(value)  # a float that is a whole number is written like any other

    def _small(self, value: Any) -> Any:
        """The number, if it is no larger than LARGEST."""
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
        """Which numbers it can be, in words."""
        words = (("at least", self.least), ("above", self.above), ("below", self.below), ("at most", self.most))
        return " and ".join(f"{word} {bound:,}" for word, bound in words if bound is not None) or "finite"


def declare(default: Any, help_text: str, group: str, **declared: Any) -> Any:
    """A field of a dataclass that is an option; ``declared`` are further attributes of ``Option``."""
    return dataclasses.field(default=default, metadata={"option": Option(help_text, group, **declared)})


def options_of(holder: Any) -> dict[str, Option]:
    """The options that a dataclass declares, by name and in their order."""
    return _options_of(holder)


@cache
def _options_of(holder: Any) -> dict[str, Option]:
    kinds = {kind.__name__: kind for kind in WANTED}
    return {
        field.name: dataclasses.replace(
            field.metadata["option"],
            name=field.name,
            kind=kinds[str(field.type).removesuffix(" | None")],
            flag=field.metadata["option"].flag or field.name.replace("_", "-"),
            default=field.default,
        )
        for field in dataclasses.fields(holder)
        if "option" in field.metadata
    }


def check_options_of(holder: Any, options: Mapping[str, Option]) -> None:
    """Check the options of a frozen dataclass, and give each the type that was declared.

    Raises:
        ConfigError: one is unfit.
    """
    for name, declared in options.items():
        object.__setattr__(holder, name, declared.check(getattr(holder, name)))
