"""Parts that are found by the name of their file: to add one, add a file. ``a_b.py`` is called a-b."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError

NOT_PARTS = {"__init__", "contract", "time_loop"}


def names_in(folder: str) -> list[str]:
    """Names of the parts in a folder of the package, without importing them."""
    stems = {path.stem for path in (Path(__file__).parent / folder).glob("*.py")} - NOT_PARTS
    return sorted(stem.replace("_", "-") for stem in stems)


@cache
def find(folder: str, kind: str, name: str) -> Any:
    """What the file of that name in ``folder`` defines under the name of its kind, in capitals.

    Raises:
        ConfigError: there is no such file.
    """
    known = names_in(folder)
    if name not in known:
        raise ConfigError(f"unknown {kind} {name!r}: choose one of {', '.join(known)}")
    return getattr(import_module(f"charrnn.{folder}.{name.replace('-', '_')}"), kind.upper())
