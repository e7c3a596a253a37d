"""The mixture: several models of one vocabulary that predict together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.mixed import MixedKind
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.text import TextKind


class MixtureKind(MixedKind, TextKind):
    """The kind ``mixture``: models that predict together, each weighted by how certain they are."""

    about = "mixes models that exist (charrnn mix)"
    config = MixtureConfig
    documents = True

    def check_fit(self, config: MixtureConfig, tensors: Mapping[str, Any]) -> None:
        """Check the tensors of all members and the gate; see ``Kind``."""
        from charrnn.models.mixture.network import check_mixture

        check_mixture(config, tensors)

    def load(self, config: MixtureConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Make the mixture of these tensors; see ``Kind``."""
        from charrnn.models.mixture.network import Mixture

        return Mixture.load(config, tensors, workers)

    def adapting(self, network: Any, adaptation: Any) -> Any:
        """Make a mixture of copies of the networks that learn, and the other members; see ``Kind``."""
        from charrnn.models.mixture.adapting import AdaptingMixture

        return AdaptingMixture(network, adaptation)

    def sampler(self, network: Any) -> Any:
        """Make a sampler that advances all members."""
        from charrnn.models.mixture.sampler import MixtureSampler

        return MixtureSampler(network)


KIND = MixtureKind()
