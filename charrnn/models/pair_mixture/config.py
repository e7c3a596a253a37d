"""The shape of a mixture of models of pairs: the shapes of its members."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.config import task_option
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.pair_fields import PairFields, check_pair_fields


@dataclass(frozen=True)
class PairMixtureConfig(PairFields, MixtureConfig):
    """The shape of a mixture of models of the same pairs; see ``ModelConfig``."""

    shared: ClassVar[tuple[str, ...]] = (*MixtureConfig.shared, *(field.name for field in fields(PairFields)))

    task: str = task_option("pairs")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pair_fields(self)
        for member in self.members:
            if any(getattr(member, name) != getattr(self, name) for name in ("symbols", "targets", "features")):
                raise ConfigError("the members of a mixture must answer with the same symbols: choose others")
