"""The shape of a mixture: the shapes of its members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from charrnn.errors import ConfigError
from charrnn.kinds.config import TEXT, ModelConfig, config_from, model_option

LEAST_MEMBERS = 2

Shape = TypeVar("Shape", bound="MixtureConfig")


@dataclass(frozen=True)
class MixtureConfig(ModelConfig):
    """A mixture's shape; see ``ModelConfig``. Members that cannot compute in ``precision`` compute in float32."""

    shared: ClassVar[tuple[str, ...]] = ("vocab_size", "precision", "end_symbol")
    """Names of the fields that a mixture shares with its members."""

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
            if not member.kind.mixing or member.task != self.task:
                raise ConfigError(
                    f"model {member.model} of task {member.task} cannot join a mixture: choose models that "
                    "write text, label, or have learned pairs"
                )

    @classmethod
    def of(cls: type[Shape], members: tuple[Any, ...]) -> Shape:
        """The mixture of members of these configs, in the precision of the first one.

        Raises:
            ConfigError: there are fewer than two, or their vocabularies differ in size.
        """
        if len(members) < LEAST_MEMBERS:
            raise ConfigError(f"a mixture must have at least {LEAST_MEMBERS} members, not {len(members)}: give more")
        return cls(**cls.shared_fields(members[0]), members=members)

    @classmethod
    def shared_fields(cls, config: Any) -> dict[str, Any]:
        """The fields of a config that a mixture shares with its members."""
        return {name: getattr(config, name) for name in cls.shared}

    def to_dict(self) -> dict[str, Any]:
        """See ``ModelConfig``."""
        task = {} if self.task == TEXT else {"task": self.task}
        return {
            **task,
            "model": self.model,
            **self.shared_fields(self),
            "members": [member.to_dict() for member in self.members],
        }


def _precision_for(member: Any, precision: str) -> str:
    return precision if precision in member.kind.precisions else "float32"
