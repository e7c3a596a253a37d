"""What a caller of the Python API gives: checked, and made plain."""

import math
import numbers
import os
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from charrnn.errors import ConfigError

MOST_THREADS = 1024
"""Largest number of threads of a run, and of runs at once: more than any machine has cores."""


def check_whole(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> int:
    """The value as an int.

    Raises:
        ConfigError: it is not a whole number of at least ``least`` and at most ``most``.
    """
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if is_whole and value > most:
        raise ConfigError(f"{name} must be a whole number of at most {most}, not {shown(value)}")
    if not is_whole or value < least:
        bound = "" if math.isinf(least) else f" of at least {least}"
        raise ConfigError(f"{name} must be a whole number{bound}, not {shown(value)}")
    return int(value)


def shown(value: Any) -> str:
    """A value as an error message shows it."""
    try:
        return repr(value)
    except ValueError:
        return "a number of thousands of digits"


def check_number(name: str, value: Any) -> float:
    """The value as a float.

    Raises:
        ConfigError: it is not a number, or too large for a float.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ConfigError(f"{name} must be a number, not {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ConfigError(f"{name} must be below 1e308, not greater: choose a smaller one") from None


T = TypeVar("T")


def check_text(name: str, value: T, kinds: type | UnionType = str | bytes) -> T:
    """The value.

    Raises:
        ConfigError: it is neither Unicode text nor, if they count as text, bytes.
    """
    if not isinstance(value, kinds):
        raise ConfigError(f"{name} must be text, not {shown(value)}")
    return value


def check_path(name: str, value: Any) -> Path:
    """The value as a path.

    Raises:
        ConfigError: it is none that a system can have.
    """
    try:
        path = Path(value)
        if b"\0" not in os.fsencode(path):
            return path
    except (TypeError, ValueError):
        pass
    raise ConfigError(f"{name} must be a path, not {shown(value)}")
