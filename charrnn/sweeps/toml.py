"""TOML files, with the lines of their values."""

import re
import sys
from bisect import bisect_left
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError
from charrnn.storage.atomic import reason

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Place = tuple[str | int, ...]
"""Keys and indices that lead to a value, such as ("run", 0, "dropout")."""


class Document:
    """A TOML file.

    Attributes:
        path: path of the file.
        values: the content.

    Raises:
        ConfigError: The file cannot be read, or is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read {path}: {reason(error)}; give a TOML file") from None
        try:
            self.values: dict[str, Any] = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            message, line = str(error), re.search(r" \(at line (\d+), column \d+\)", str(error))
            where = f"{path}:{line[1]}" if line else str(path)
            why = message.replace(line[0], "") if line else message
            raise ConfigError(f"cannot read {where} as TOML: {why}; correct it") from None

    def error(self, place: Place, message: str) -> ConfigError:
        """Build an error about the value at ``place``, with its line."""
        return ConfigError(f"{self.path}:{self.line_of(place)}: {message}")

    def line_of(self, place: Place) -> int:
        """Return the line, from 1, in which the statement that sets the value begins."""
        lines = self._text.split("\n")

        def holds(count: int) -> bool:
            return _holds(_parsed(lines, count), place)

        return bisect_left(range(1, len(lines) + 1), True, key=holds) + 1


def _parsed(lines: list[str], count: int) -> dict[str, Any]:
    """Parse the first ``count`` lines, and those after them up to the end of a statement."""
    while True:
        try:
            values: dict[str, Any] = tomllib.loads("\n".join(lines[:count]))
            return values
        except tomllib.TOMLDecodeError:
            if count == len(lines):
                raise
            count += 1


def _holds(values: Any, place: Place) -> bool:
    for key in place:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True
