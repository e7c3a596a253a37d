"""The mixture of models of pairs: several models that answer together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.mixed import PooledKind
from charrnn.models.pair_mixture.config import PairMixtureConfig
from charrnn.models.pairing import ComparedPairsKind


class PairMixtureKind(PooledKind, ComparedPairsKind):
    """The kind ``mixture`` of task ``pairs``: models of the same pairs that answer together."""

    config = PairMixtureConfig

    def load(self, config: PairMixtureConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Make the mixture of these tensors; see ``Kind``."""
        from charrnn.models.pair_mixture.network import PairMixture

        return PairMixture.load(config, tensors, workers)


KIND = PairMixtureKind()
