"""The sampler of each model."""

from charrnn.model.contract import LanguageModel
from charrnn.model.network import Network
from charrnn.sampling.recurrent import Sampler
from charrnn.sampling.streams import ModelSampler


def sampler_of(network: LanguageModel) -> ModelSampler:
    """What draws from a model."""
    if isinstance(network, Network):
        return Sampler(network)
    # Imported here: recurrent networks start faster without it.
    from charrnn.model.contexts import ContextModel
    from charrnn.sampling.contexts import ContextSampler

    assert isinstance(network, ContextModel), network
    return ContextSampler(network)
