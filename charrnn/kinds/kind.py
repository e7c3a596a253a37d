"""The interface of a kind of model, through which all other code uses it.

To add a kind, add a folder to ``charrnn.models`` whose ``__init__`` defines ``KIND``, or name such an object in the
entry points ``charrnn.models`` of another package. Each command imports all kinds for their options, so methods import
heavy modules themselves.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

if TYPE_CHECKING:
    from charrnn.kernels.arrays import Array
    from charrnn.kinds.contract import CountedModel, LanguageModel, Learner
    from charrnn.layers.parameters import Parameters
    from charrnn.text.batches import Batches
    from charrnn.workers import Workers


class Kind(ABC):
    """A kind of model; the argument ``config`` of its methods is the config of such a model.

    Attributes:
        name: the value of ``--model``.
        config: the dataclass of the kind's options, a ``charrnn.kinds.config.ModelConfig``.
        metrics: measures of quality; the first one decides which checkpoint is the best.
        learned: noun for the learned numbers in messages.
        documents: whether models can learn where documents end.
        precisions: supported precisions.
        lacks: training options that do not apply to this kind.
        planned: whether open options can be chosen for a run of given minutes.
    """

    name: ClassVar[str]
    config: ClassVar[type[Any]]
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_CHARACTER,)
    learned: ClassVar[str] = "parameters"
    documents: ClassVar[bool] = False
    precisions: ClassVar[tuple[str, ...]] = ("float32", "float64")
    lacks: ClassVar[frozenset[str]] = frozenset()
    planned: ClassVar[bool] = True

    @abstractmethod
    def title(self, config: Any) -> str:
        """A short description of a model."""

    @abstractmethod
    def check_fit(self, config: Any, tensors: Mapping[str, Array]) -> None:
        """Check that the tensors of a checkpoint fit a config, before memory is allocated.

        Raises:
            CheckpointError: a tensor is missing, has another shape or type, or holds invalid values.
        """

    @abstractmethod
    def load(self, config: Any, tensors: Mapping[str, Array], workers: Workers) -> LanguageModel:
        """Make the model of these tensors.

        Raises:
            CheckpointError: the tensors do not fit, as in ``check_fit``.
        """

    @abstractmethod
    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a ``charrnn.training.contract.BaseTrainer`` from its arguments."""

    @abstractmethod
    def sampler(self, network: Any) -> Any:
        """Make the ``charrnn.sampling.streams.ModelSampler`` of a model."""

    @abstractmethod
    def reader(self, network: Any, **how: Any) -> Any:
        """Make the ``charrnn.scoring.streams.Reader`` that scores texts with a model."""

    @abstractmethod
    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure a model by its metrics.

        Args:
            network: the model.
            data: the validation data.
            before_window: called before each window; it may raise to stop.
        """

    def cost(self, config: Any) -> Cost:
        """Memory and operations that training a model takes."""
        raise NotImplementedError

    # For kinds that learn by gradients:

    def parameters(self, config: Any) -> Parameters:
        """Make the parameters of a model, all zero."""
        raise NotImplementedError

    def learner(self, parameters: Any, workers: Workers, steps: int, streams: int) -> Learner:
        """Make a learner for batches of ``streams`` rows and at most ``steps`` steps."""
        raise NotImplementedError

    def batches(self, config: Any, settings: Any, data: Any) -> Batches:
        """Cut a run's data into batches by its settings."""
        raise NotImplementedError

    def count(self, config: Any, ids: Array, workers: Workers) -> CountedModel:
        """Make the model of a text (N,), for kinds that learn in one pass."""
        raise NotImplementedError

    def check_source(self) -> None:
        """Check that a run can start from the weights of a model of this kind.

        Raises:
            ConfigError: the kind has no weights.
        """
        if type(self).parameters is Kind.parameters:
            raise ConfigError(f"a model {self.name} has no weights to start from: train anew")

    def check_reach(self) -> None:
        """Check that gradients flow through time, as ``reach`` requires.

        Raises:
            ConfigError: no gradient flows through time.
        """
        raise ConfigError(f"in model {self.name} no gradient flows through time: choose a recurrent network")

    def reach(self, parameters: Any, ids: Array, workers: Workers) -> Any:
        """Measure how far the gradient reaches back in a text; see ``charrnn gradients``."""
        raise NotImplementedError

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose a planned run's open options; returns its training speed in characters per second.

        Args:
            draft: a ``charrnn.training.plan.Draft``.
            speed: measures the training speed on this machine for a config and settings.
        """
        return speed(draft.config, draft.settings)

    def why_this_size(self, draft: Any) -> str:
        """The reason for the size that a plan has chosen; empty if the plan did not choose it."""
        return ""

    def most_epochs(self, config: Any, characters: int) -> float:
        """Passes over a text of ``characters`` characters after which a model overfits."""
        return math.inf


@dataclass
class Cost:
    """Memory and operations that training a model takes, computed from its shapes alone.

    Attributes:
        weights: number of weights that are multiplied for each character.
        activations: number of activation functions for each character, one for each unit of each gate.
        counting: floating-point operations for each character, for kinds that learn in one pass; else 0.
    """

    weights: int = 0
    activations: float = 0.0
    counting: float = 0.0

    def weight_bytes(self, states: int) -> int:
        """Peak bytes for parameters, gradient and optimizer state of ``states`` vectors, while they are saved."""
        return 0

    def row_bytes(self) -> int:
        """Bytes for the activations of one character of one stream."""
        return 0

    def advice(self, *, activations: bool) -> str:
        """The options to reduce if the activations, or else the weights, take too much memory."""
        return ""
