"""What learns: for each model that gradients train, its tensors and the gradient of a window."""

from typing import Protocol

from charrnn.model.config import ModelConfig
from charrnn.model.contract import Array, LanguageModel
from charrnn.model.network import TrainingNetwork
from charrnn.model.parameters import Parameters
from charrnn.model.tdnn import TDNNParameters, TrainingTDNN
from charrnn.model.tensors import Tensors
from charrnn.model.workers import Workers
from charrnn.model.workspace import State
from charrnn.training.bptt import TruncatedBPTT
from charrnn.training.tdnn import TDNNGradient


class TrainedModel(LanguageModel, Protocol):
    """A model on weights that change."""

    def refresh(self) -> None:
        """Take over the changed parameters."""


class Learner(Protocol):
    """Loss and gradient of windows."""

    @property
    def network(self) -> TrainedModel:
        """The model."""

    @property
    def gradient(self) -> Tensors:
        """Of the last window's mean loss in nats."""

    def window(
        self,
        x: Array,
        y: Array,
        state: State,
        *,
        lead: int = 0,
        advance: int | None = None,
        fresh: Array | None = None,
        mask_key: int | None = None,
    ) -> float:
        """Mean loss in nats of a window; see ``TruncatedBPTT.window``."""


def new_parameters(config: ModelConfig) -> Tensors:
    """A model's tensors, all zero."""
    return TDNNParameters(config) if config.model == "tdnn" else Parameters(config)


def learner_of(parameters: Tensors, workers: Workers, steps: int, streams: int) -> Learner:
    """The learner of a model, for windows of at most ``steps`` steps of ``streams`` streams."""
    if isinstance(parameters, TDNNParameters):
        return TDNNGradient(TrainingTDNN(parameters, workers), steps, streams)
    assert isinstance(parameters, Parameters), parameters
    return TruncatedBPTT(TrainingNetwork(parameters, workers), steps, streams)
