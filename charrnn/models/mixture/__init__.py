"""The mixture: several models of one vocabulary that predict together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.text import TextKind


class MixtureKind(TextKind):
    """The kind ``mixture``: models that predict together, each weighted by how certain they are."""

    name = "mixture"
    about = "mixes models that exist (charrnn mix)"
    config = MixtureConfig
    documents = True
    precisions = ("float32", "float64", "bf16")
    planned = False
    mixing = None

    def title(self, config: MixtureConfig) -> str:
        """The members' titles."""
        return " + ".join(member.title for member in config.members)

    def check_fit(self, config: MixtureConfig, tensors: Mapping[str, Any]) -> None:
        """Check the tensors of all members and the gate; see ``Kind``."""
        from charrnn.models.mixture.network import check_mixture

        check_mixture(config, tensors)

    def load(self, config: MixtureConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Make the mixture of these tensors; see ``Kind``."""
        from charrnn.models.mixture.network import Mixture

        return Mixture.load(config, tensors, workers)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Raise, as only the members are trained; see ``Kind``."""
        raise ConfigError("a mixture is not trained further: train its members, and mix them again with charrnn mix")

    def adapting(self, network: Any, adaptation: Any) -> Any:
        """Make a mixture of copies of the networks that learn, and the other members; see ``Kind``."""
        from charrnn.models.mixture.adapting import AdaptingMixture

        return AdaptingMixture(network, adaptation)

    def sampler(self, network: Any) -> Any:
        """Make a sampler that advances all members."""
        from charrnn.models.mixture.sampler import MixtureSampler

        return MixtureSampler(network)


KIND = MixtureKind()
