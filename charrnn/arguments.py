"""Checks of the Python API's arguments; each returns its argument as a plain Python value."""

import math
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from charrnn.errors import ConfigError

MOST_THREADS = 1024
"""Largest number of threads of a run, and of runs at once; larger numbers are rejected as mistakes."""


def check_whole(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> int:
    """Return the value as an int.

    Raises:
        ConfigError: The value is not a whole number from ``least`` to ``most``.
    """
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if is_whole and value > most:
        raise ConfigError(f"{name} must be a whole number of at most {most}, not {shown(value)}")
    if not is_whole or value < least:
        bound = "" if math.isinf(least) else f" of at least {least}"
        raise ConfigError(f"{name} must be a whole number{bound}, not {shown(value)}")
    return int(value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Build the start of the advice for an unknown name: a similar known one; empty if there is none."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}? " if close else ""


def shown(value: Any) -> str:
    """Format a value for an error message; ``repr`` refuses integers of thousands of digits."""
    try:
        return repr(value)
    except ValueError:
        return "a number of thousands of digits"


def check_number(name: str, value: Any) -> float:
    """Return the value as a float.

    Raises:
        ConfigError: The value is not a number, or too large for a float.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ConfigError(f"{name} must be a number, not {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ConfigError(f"{name} must be below 1e308, not greater: choose a smaller one") from None


T = TypeVar("T")


def check_text(name: str, value: T, kinds: type | UnionType = str | bytes) -> T:
    """Return the value if it is text.

    Raises:
        ConfigError: The value is of none of the types ``kinds``.
    """
    if not isinstance(value, kinds):
        raise ConfigError(f"{name} must be text, not {shown(value)}")
    return value


def check_path(name: str, value: Any) -> Path:
    """Check that a value can be a path, and return it as one.

    Raises:
        ConfigError: No operating system can have such a path.
    """
    try:
        path = Path(value)
        if b"\0" not in os.fsencode(path):
            return path
    except (TypeError, ValueError):
        pass
    raise ConfigError(f"{name} must be a path, not {shown(value)}")
