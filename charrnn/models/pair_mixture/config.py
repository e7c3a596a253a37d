"""The shape of a mixture of models of pairs: the shapes of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.config import columns_option, task_option
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.transducer.config import check_pair_fields, symbols_option
from charrnn.text.columns import columns_of

PAIR_FIELDS = ("columns", "symbols", "targets", "features", "longest")
"""Fields that a mixture shares with its members."""


@dataclass(frozen=True)
class PairMixtureConfig(MixtureConfig):
    """The shape of a mixture of models of the same pairs; see ``ModelConfig``."""

    task: str = task_option("pairs")
    symbols: str = symbols_option()
    columns: str = columns_option()

    targets: Sequence[str] = ()
    """As in ``TransducerConfig``, like the two after it."""
    features: Sequence[str] = ()
    longest: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        columns_of(self.columns)
        check_pair_fields(self)
        for member in self.members:
            if any(getattr(member, name) != getattr(self, name) for name in ("symbols", "targets", "features")):
                raise ConfigError("the members of a mixture must answer with the same symbols: choose others")

    @classmethod
    def shared_fields(cls, first: Any) -> dict[str, Any]:
        """See ``MixtureConfig``."""
        return {**super().shared_fields(first), **{name: getattr(first, name) for name in PAIR_FIELDS}}
