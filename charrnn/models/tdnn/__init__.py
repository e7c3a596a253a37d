"""The neural n-gram model: characters -> embedding -> time-delay layer -> projection -> softmax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.tdnn.config import TDNNConfig
from charrnn.models.text import ContextKind


class TimeDelayNetwork(ContextKind):
    """The kind ``tdnn``: time-delay networks."""

    name = "tdnn"
    about = "sees only the last inputs"
    config = TDNNConfig

    def title(self, config: TDNNConfig) -> str:
        """Name the context size and the units, such as "tdnn of 10 characters, 512 units"."""
        return f"tdnn of {config.context_size} characters, {config.hidden_size} units"

    def check_fit(self, config: TDNNConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of the tensors; see ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.tdnn.network import tdnn_shapes

        check_shapes(tdnn_shapes(config), tensors)

    def load(self, config: TDNNConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.tdnn.network import TDNN

        return TDNN(self.parameters(config).load_tensors(tensors), workers)

    def parameters(self, config: TDNNConfig) -> Any:
        """Make the tensors of a time-delay network, all zero."""
        from charrnn.models.tdnn.network import TDNNParameters

        return TDNNParameters(config)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.tdnn.network import TDNN, TDNNLearner

        return TDNNLearner(TDNN(parameters, workers, training=True), steps, streams)

    def portable(self, network: Any) -> Any:
        """See ``Kind``."""
        from charrnn.kinds.portable import Portable

        config = network.config
        sizes = {"lags": config.context_size, "symbols": config.vocab_size, "end": config.end}
        return Portable("tdnn", sizes, network.parameters.tensors)

    def cost(self, config: TDNNConfig) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.tdnn.cost import TDNNCost

        return TDNNCost(config)


KIND = TimeDelayNetwork()
