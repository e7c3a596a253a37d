"""The mixture of models of pairs: several models that answer together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.models.pair_mixture.config import PairMixtureConfig
from charrnn.models.pairing import WORD_ERROR, PairsKind


class PairMixtureKind(PairsKind):
    """The kind ``mixture`` of task ``pairs``: models of the same pairs that answer together."""

    name = "mixture"
    config = PairMixtureConfig
    precisions = ("float32", "float64", "bf16")
    metrics = (WORD_ERROR,)
    planned = False
    mixing = None

    def title(self, config: PairMixtureConfig) -> str:
        """The members' titles; see ``Kind``."""
        return " + ".join(member.title for member in config.members)

    def check_fit(self, config: PairMixtureConfig, tensors: Mapping[str, Any]) -> None:
        """Check the tensors of all members and the weights; see ``Kind``."""
        from charrnn.models.mixture.tensors import check_members
        from charrnn.models.pooling import check_pool_weights

        check_members(config, tensors)
        check_pool_weights(len(config.members), tensors)

    def load(self, config: PairMixtureConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Make the mixture of these tensors; see ``Kind``."""
        from charrnn.models.pair_mixture.network import PairMixture

        return PairMixture.load(config, tensors, workers)

    def pair_model(self, network: Any) -> Any:
        """The mixture itself; see ``PairsKind``."""
        return network

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the word error; see ``Kind``."""
        from charrnn.models.transducer.answers import word_error

        return {WORD_ERROR.name: word_error(network, network.config, data, before_window, beam=network.beam)}

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Raise, as only the members are trained; see ``Kind``."""
        raise ConfigError("a mixture is not trained further: train its members, and mix them again with charrnn mix")


KIND = PairMixtureKind()
