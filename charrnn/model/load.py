"""A model of any kind, from the tensors of a checkpoint."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charrnn.model.config import ModelConfig
from charrnn.model.network import Network
from charrnn.model.workers import Workers

if TYPE_CHECKING:
    from charrnn.model.ngram import NGram
    from charrnn.model.tdnn import TDNN

    AnyModel = Network | TDNN | NGram


def check_model_fit(config: ModelConfig, tensors: Mapping[str, Any]) -> None:
    """See that tensors are those of a config, before memory is taken for them.

    Raises:
        CheckpointError: a tensor is missing, has another shape or type, or holds what cannot be.
    """
    _class_of(config).check_fit(config, tensors)


def load_model(config: ModelConfig, tensors: Mapping[str, Any], workers: Workers) -> "AnyModel":
    """The model that these tensors are.

    Raises:
        CheckpointError: as ``check_fit``.
    """
    return _class_of(config).load(config, tensors, workers)


def _class_of(config: ModelConfig) -> "type[Network] | type[TDNN] | type[NGram]":
    # Imported where they are needed: sampling starts faster without the other models' kernels.
    if config.model == "ngram":
        from charrnn.model.ngram import NGram

        return NGram
    if config.model == "tdnn":
        from charrnn.model.tdnn import TDNN

        return TDNN
    return Network
