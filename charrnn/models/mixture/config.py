"""The shape of a mixture: the shapes of its members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.config import ModelConfig, config_from, model_option

LEAST_MEMBERS = 2


@dataclass(frozen=True)
class MixtureConfig(ModelConfig):
    """A mixture's shape; see ``ModelConfig``. Members that cannot compute in ``precision`` compute in float32."""

    model: str = model_option("mixture")
    members: tuple[Any, ...] = ()
    """The config of each member, or its values as ``to_dict`` gives them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = (config_from(one) if isinstance(one, Mapping) else one for one in self.members)
        members = tuple(replace(one, precision=_precision_for(one, self.precision)) for one in given)
        object.__setattr__(self, "members", members)
        for member in members:
            if (member.vocab_size, member.end_symbol) != (self.vocab_size, self.end_symbol):
                raise ConfigError("the members of a mixture must have one vocabulary: choose others")
            if not member.kind.mixable:
                raise ConfigError(f"a mixture has no members of model {member.model}: choose models that write text")

    @classmethod
    def of(cls, members: tuple[Any, ...]) -> MixtureConfig:
        """The mixture of members of these configs, in the precision of the first one.

        Raises:
            ConfigError: there are fewer than two, or their vocabularies differ in size.
        """
        if len(members) < LEAST_MEMBERS:
            raise ConfigError(f"a mixture must have at least {LEAST_MEMBERS} members, not {len(members)}: give more")
        first = members[0]
        return cls(first.vocab_size, precision=first.precision, end_symbol=first.end_symbol, members=members)

    def to_dict(self) -> dict[str, Any]:
        """See ``ModelConfig``."""
        own = {name: getattr(self, name) for name in ("vocab_size", "model", "precision", "end_symbol")}
        return {**own, "members": [member.to_dict() for member in self.members]}


def _precision_for(member: Any, precision: str) -> str:
    return precision if precision in member.kind.precisions else "float32"
