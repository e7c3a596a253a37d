"""Base class of the kinds whose models are mixtures of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.kind import Kind
from charrnn.kinds.mixing import Mixing


class MixedKind(Kind):
    """A kind ``mixture``, whose models are made of trained ones and not trained further."""

    name = "mixture"
    precisions = ("float32", "float64", "bf16")
    planned = False
    elsewhere = "give one of its networks alone: the same run's best.safetensors, or a run that was mixed"
    mixing: ClassVar[Mixing | None] = None

    def title(self, config: Any) -> str:
        """The members' titles; see ``Kind``."""
        return " + ".join(member.title for member in config.members)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Raise, as only the members are trained; see ``Kind``."""
        raise ConfigError("a mixture is not trained further: train its members, and mix them again with charrnn mix")


class PooledKind(MixedKind):
    """A kind of mixtures whose members are weighted by ``charrnn.models.pooling``."""

    def check_fit(self, config: Any, tensors: Mapping[str, Any]) -> None:
        """Check the tensors of all members and the weights; see ``Kind``."""
        from charrnn.models.mixture.tensors import check_members
        from charrnn.models.pooling import check_pool_weights

        check_members(config, tensors)
        check_pool_weights(len(config.members), tensors)
