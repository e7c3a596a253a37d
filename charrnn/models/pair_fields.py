"""The fields that the configs of all models of pairs have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.config import columns_option
from charrnn.options import declare
from charrnn.text.columns import columns_of

SYMBOLS = ("characters", "space")


@dataclass(frozen=True)
class PairFields:
    """Fields of a config, whose ``__post_init__`` calls ``check_pair_fields``."""

    symbols: str = declare(
        "characters",
        "What a target consists of: characters, or symbols separated by spaces, such as phonemes (space).",
        "Data",
        choices=lambda: SYMBOLS,
    )
    columns: str = columns_option()

    targets: Sequence[str] = ()
    """The symbols of answers, in the order of the classes from 1 on; class 0 is the end of an answer."""
    features: Sequence[str] = ()
    """All features that the third column can contain."""
    longest: int = 0
    """Number of symbols of the longest answer in the data."""

    @property
    def classes(self) -> int:
        """C, the number of classes: the end of an answer and the symbols of answers."""
        return len(self.targets) + 1


def check_pair_fields(config: Any) -> None:
    """Check the fields of a config, and turn lists into tuples.

    Raises:
        ConfigError: ``columns`` are no columns, ``targets`` or ``features`` are not texts, or ``longest`` is not a
            number.
    """
    columns_of(config.columns)
    for name in ("targets", "features"):
        object.__setattr__(config, name, tuple(getattr(config, name)))
        if not all(isinstance(symbol, str) and symbol for symbol in getattr(config, name)):
            raise ConfigError(f"{name} must be texts, not {getattr(config, name)!r}: use another checkpoint")
    if not isinstance(config.longest, int) or config.longest < 0:
        raise ConfigError(f"longest must be a whole number of at least 0, not {config.longest!r}")
