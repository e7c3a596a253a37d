"""A model of any kind, from the tensors of a checkpoint."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charrnn.model.config import ModelConfig
from charrnn.model.network import Network
from charrnn.model.parameters import Parameters
from charrnn.model.workers import Workers

if TYPE_CHECKING:
    from charrnn.model.ngram import NGram
    from charrnn.model.tdnn import TDNN

    AnyModel = Network | TDNN | NGram


def load_model(config: ModelConfig, tensors: Mapping[str, Any], workers: Workers) -> "AnyModel":
    """The model that these tensors are.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
        ConfigError: this processor cannot compute in the config's precision.
    """
    # Imported where they are needed: sampling starts faster without the other models' kernels.
    if config.model == "ngram":
        from charrnn.model.ngram import NGram

        return NGram.load(config, tensors, workers)
    if config.model == "tdnn":
        from charrnn.model.tdnn import TDNN, TDNNParameters

        return TDNN(TDNNParameters(config).load_tensors(tensors), workers)
    return Network(Parameters(config).load_tensors(tensors), workers)
