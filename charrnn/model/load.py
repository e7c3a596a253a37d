"""A model of any kind, from the tensors of a checkpoint."""

from collections.abc import Mapping
from typing import Any

from charrnn.model.config import ModelConfig
from charrnn.model.network import Network
from charrnn.model.ngram import NGram
from charrnn.model.parameters import Parameters
from charrnn.model.tdnn import TDNN, TDNNParameters
from charrnn.model.workers import Workers

AnyModel = Network | TDNN | NGram


def load_model(config: ModelConfig, tensors: Mapping[str, Any], workers: Workers) -> AnyModel:
    """The model that these tensors are.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
        ConfigError: this processor cannot compute in the config's precision.
    """
    if config.model == "ngram":
        return NGram.load(config, tensors, workers)
    if config.model == "tdnn":
        return TDNN(TDNNParameters(config).load_tensors(tensors), workers)
    return Network(Parameters(config).load_tensors(tensors), workers)
