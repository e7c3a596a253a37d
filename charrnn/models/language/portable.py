"""A recurrent language model for the engine of pages."""

from charrnn.kinds.portable import Portable
from charrnn.models.language.network import Network


def portable_language(network: Network, labels: tuple[str, ...] = ()) -> Portable:
    """Describe a network to the engine; ``labels`` are those that it can write for."""
    config = network.config
    return Portable(
        engine="language",
        config={
            "symbols": config.vocab_size,
            "layers": config.num_layers,
            "skips": config.skip_connections,
            "tied": config.tie_embedding,
            "end": config.end,
        },
        tensors=network.parameters.tensors,
        cell=config.cell,
        labels=labels,
    )
