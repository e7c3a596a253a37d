"""The sampler of each model."""

from typing import Any

from charrnn.model.network import Network
from charrnn.sampling.contexts import ContextSampler
from charrnn.sampling.streams import ModelSampler, Sampler


def sampler_of(network: Any) -> ModelSampler:
    """What draws from a model."""
    return Sampler(network) if isinstance(network, Network) else ContextSampler(network)
