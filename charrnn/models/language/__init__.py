"""The recurrent language model: characters -> tables -> recurrent stack -> projection -> softmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.models.language.config import LanguageConfig
from charrnn.models.text import TextKind


class Language(TextKind):
    """See ``charrnn.kinds.kind.Kind``."""

    name = "rnn"
    config = LanguageConfig
    documents = True
    precisions = ("float32", "float64", "bf16")

    def title(self, config: LanguageConfig) -> str:
        """See ``Kind``."""
        layers = "1 layer" if config.num_layers == 1 else f"{config.num_layers} layers"
        return f"{config.cell}, {layers} of {config.hidden_size}"

    def check_fit(self, config: LanguageConfig, tensors: Mapping[str, Any]) -> None:
        """See ``Kind``."""
        from charrnn.models.language.parameters import check_fit

        check_fit(config, tensors)

    def load(self, config: LanguageConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.network import Network

        return Network(self.parameters(config).load_tensors(tensors), workers)

    def parameters(self, config: LanguageConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.parameters import LanguageParameters

        return LanguageParameters(config)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.learner import TruncatedBPTT
        from charrnn.models.language.network import Network

        return TruncatedBPTT(Network(parameters, workers, training=True), steps, streams)

    def sampler(self, network: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.sampler import Sampler

        return Sampler(network)

    def cost(self, config: LanguageConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.cost import LanguageCost

        return LanguageCost(config)

    def check_reach(self) -> None:
        """See ``Kind``."""

    def reach(self, parameters: Any, ids: Any, workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.reach import reach_of

        return reach_of(parameters, ids, workers)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """See ``Kind``."""
        from charrnn.models.language.recipe import choose_model

        return choose_model(draft, speed)

    def why_this_size(self, draft: Any) -> str:
        """See ``Kind``."""
        from charrnn.models.language.recipe import why_this_size

        return why_this_size(draft)

    def most_epochs(self, config: LanguageConfig, characters: int) -> float:
        """See ``Kind``."""
        from charrnn.models.language.recipe import most_epochs

        return most_epochs(config.hidden_size, characters)


KIND = Language()
