"""The recurrent language model: characters -> embedding -> recurrent stack -> projection -> softmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.models.language.config import LanguageConfig
from charrnn.models.text import TextKind


class Language(TextKind):
    """The kind ``rnn``: recurrent language models."""

    name = "rnn"
    about = "is a recurrent network"
    config = LanguageConfig
    documents = True
    precisions = ("float32", "float64", "bf16")

    def title(self, config: LanguageConfig) -> str:
        """Name the cell and its layers, such as "lstm, 1 layer of 512"."""
        return f"{config.cell}, {config.layers_in_words}"

    def check_fit(self, config: LanguageConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of the tensors; see ``Kind``."""
        from charrnn.models.language.parameters import check_fit

        check_fit(config, tensors)

    def load(self, config: LanguageConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.language.network import Network

        return Network(self.parameters(config).load_tensors(tensors), workers)

    def parameters(self, config: LanguageConfig) -> Any:
        """Make the tensors of a recurrent network, all zero."""
        from charrnn.models.language.parameters import LanguageParameters

        return LanguageParameters(config)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner by truncated backpropagation through time; see ``Kind``."""
        from charrnn.models.language.learner import TruncatedBPTT
        from charrnn.models.language.network import Network

        return TruncatedBPTT(Network(parameters, workers, training=True), steps, streams)

    def sampler(self, network: Any) -> Any:
        """Make a sampler, which carries the recurrent state from character to character."""
        from charrnn.models.language.sampler import Sampler

        return Sampler(network)

    def portable(self, network: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.portable import portable_language

        return portable_language(network)

    def cost(self, config: LanguageConfig) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.language.cost import LanguageCost

        return LanguageCost(config)

    def check_reach(self) -> None:
        """Do nothing, as gradients flow through time and ``reach`` can measure how far; see ``Kind``."""

    def reach(self, parameters: Any, ids: Any, workers: Any) -> Any:
        """Measure the gradient's norm at several lags, and the eigenvalues of W_hh."""
        from charrnn.models.language.reach import reach_of

        return reach_of(parameters, ids, workers)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose cell, size, precision and regularisation from measured rules; see ``Kind``."""
        from charrnn.models.language.recipe import choose_model

        return choose_model(draft, speed)

    def why_this_size(self, draft: Any) -> str:
        """Name what limited the hidden size, the text or the time; empty if the user chose it."""
        from charrnn.models.language.recipe import why_this_size

        return why_this_size(draft)

    def most_epochs(self, config: LanguageConfig, characters: int) -> float:
        """Passes over a text of ``characters`` characters after which a network of this size overfits."""
        from charrnn.models.language.recipe import most_epochs

        return most_epochs(config.hidden_size, characters)


KIND = Language()
