"""Parts that are found by the name of their file: to add one, add a file."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError

NOT_PARTS = {"__init__", "contract"}


def names_in(folder: str) -> list[str]:
    """Names of the parts in a folder of the package, without importing them."""
    return sorted(path.stem for path in (Path(__file__).parent / folder).glob("*.py") if path.stem not in NOT_PARTS)


@cache
def find(folder: str, kind: str, name: str) -> Any:
    """What the file ``folder/name.py`` defines under the name of its kind, in capitals.

    Raises:
        ConfigError: there is no such file.
    """
    known = names_in(folder)
    if name not in known:
        raise ConfigError(f"unknown {kind} {name!r}: choose one of {', '.join(known)}")
    return getattr(import_module(f"charrnn.{folder}.{name}"), kind.upper())
