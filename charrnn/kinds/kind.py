"""A kind of model: all that the rest of the house knows of it, in one place.

To add a kind, add a folder to ``charrnn.models`` whose ``__init__`` defines ``KIND``, or name such an object in the
entry points ``charrnn.models`` of another package. Kinds are imported whenever a command starts, for their options:
what is heavy is imported in their methods.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

if TYPE_CHECKING:
    from charrnn.kinds.contract import CountedModel, Data, LanguageModel, Learner, Predictor
    from charrnn.kinds.evaluation import Evaluation
    from charrnn.layers.parameters import Array, Parameters
    from charrnn.text.batches import Batch, Batches
    from charrnn.text.corpus import Corpus
    from charrnn.text.vocabulary import Vocabulary
    from charrnn.workers import Workers


class Kind(ABC):
    """A kind of model. Methods take the config of a model of this kind.

    Attributes:
        name: the value of ``--model``.
        tasks: values of ``--task``: what it learns to do.
        reading: how its texts are split into documents when they are read, whatever the user asks for; empty for as
            the user asks.
        config: the dataclass of its options, a ``charrnn.kinds.config.ModelConfig``.
        metrics: what it is measured by; the first one decides which checkpoint is the best.
        learned: what the numbers that it learns are called.
        documents: whether it can learn where documents end.
        precisions: those that it computes in.
        lacks: options of the training that it does not have.
        answers: whether its models answer lines instead of writing text.
        planned: whether what a user leaves open can be chosen for a run of minutes.
    """

    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]] = ("text",)
    reading: ClassVar[str] = ""
    config: ClassVar[type[Any]]
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_CHARACTER,)
    learned: ClassVar[str] = "parameters"
    documents: ClassVar[bool] = False
    precisions: ClassVar[tuple[str, ...]] = ("float32", "float64")
    lacks: ClassVar[frozenset[str]] = frozenset()
    answers: ClassVar[bool] = False
    planned: ClassVar[bool] = True

    @abstractmethod
    def title(self, config: Any) -> str:
        """A model in a few words."""

    @abstractmethod
    def check_fit(self, config: Any, tensors: Mapping[str, Array]) -> None:
        """Check that the tensors of a checkpoint are those of a config, before memory is taken for them.

        Raises:
            CheckpointError: one is missing, has another shape or type, or holds what cannot be.
        """

    @abstractmethod
    def load(self, config: Any, tensors: Mapping[str, Array], workers: Workers) -> LanguageModel:
        """Make the model that these tensors are.

        Raises:
            CheckpointError: as ``check_fit``.
        """

    @abstractmethod
    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a ``charrnn.training.contract.BaseTrainer`` from its arguments."""

    @abstractmethod
    def data(self, corpus: Corpus, options: Mapping[str, Any]) -> Data:
        """Find what a model with these options learns in a corpus.

        Raises:
            CorpusError: the corpus does not hold it.
        """

    def sampler(self, network: Any) -> Any:
        """Make the ``charrnn.sampling.streams.ModelSampler`` of a model.

        Raises:
            ConfigError: models of this kind do not write.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not write text: ask it with charrnn predict")

    def reader(self, network: Any, **how: Any) -> Any:
        """Make the ``charrnn.scoring.streams.Reader`` of a model, which scores texts.

        Raises:
            ConfigError: models of this kind give texts no probability.
        """
        raise ConfigError(
            f"a model for task {self.tasks[0]} gives a text no probability: give eval what it is to answer"
        )

    def predictor(self, network: Any, vocabulary: Vocabulary) -> Predictor:
        """Make what answers lines with a model.

        Raises:
            ConfigError: models of this kind do not answer.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} writes text and does not answer: use charrnn sample")

    def evaluate(self, network: Any, vocabulary: Vocabulary, text: str, training: Any) -> Evaluation:
        """Measure the answers of a model.

        Args:
            network: the model.
            vocabulary: its characters.
            text: of what it is to answer and the right answers, as it is read for training.
            training: the part of ``Data`` that it was trained on, of which rivals learn; None for no rivals that do.

        Raises:
            ConfigError: models of this kind do not answer.
            CorpusError: the text does not hold what the model answers.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not answer: measure it without rivals")

    @abstractmethod
    def preview(self, network: Any, vocabulary: Vocabulary, data: Any, rng_seed: int, step: int) -> str:
        """Show in a few lines what a model does so far, the same for the same model, data, seed and step."""

    @abstractmethod
    def trial(self, config: Any, settings: Any, data: Any) -> Iterator[Batch]:
        """Batches without end, like those of a run, by which the speed of a machine is measured."""

    @abstractmethod
    def warm_up(self, network: Any, vocabulary: Vocabulary, settings: Any, data: Any) -> None:
        """Compile what an evaluation and a preview of a run need."""

    @abstractmethod
    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Settings that the training data can fill, and a note where they had to shrink."""

    @abstractmethod
    def steps_in_epoch(self, settings: Any, data: Any) -> float:
        """Updates in one pass over the training data."""

    @abstractmethod
    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure a model by its metrics.

        Args:
            network: the model.
            data: what the trainer validates with.
            before_window: is called now and then, and may raise to end it.
        """

    def cost(self, config: Any) -> Cost:
        """What training a model takes of a machine."""
        raise NotImplementedError

    # Of kinds that learn by gradients:

    def parameters(self, config: Any) -> Parameters:
        """Make the tensors of a model, all zero."""
        raise NotImplementedError

    def learner(self, parameters: Any, workers: Workers, steps: int, streams: int) -> Learner:
        """Make what computes their gradient, for batches of at most ``steps`` steps of ``streams`` rows."""
        raise NotImplementedError

    def batches(self, config: Any, settings: Any, data: Any) -> Batches:
        """Cut the data of a run with such settings into batches."""
        raise NotImplementedError

    def count(self, config: Any, ids: Array, workers: Workers) -> CountedModel:
        """Make the model of a text (N,), of a kind that learns in one pass over it."""
        raise NotImplementedError

    def check_source(self) -> None:
        """Check that a run can start from the weights of a model of this kind.

        Raises:
            ConfigError: it cannot.
        """
        if type(self).parameters is Kind.parameters:
            raise ConfigError(f"a model {self.name} has no weights to start from: train anew")

    def check_reach(self) -> None:
        """Check that gradients flow through time, so that ``reach`` can measure how far.

        Raises:
            ConfigError: they do not.
        """
        raise ConfigError(f"in model {self.name} no gradient flows through time: choose a recurrent network")

    def reach(self, parameters: Any, ids: Array, workers: Workers) -> Any:
        """Measure how far the gradient reaches back in a text; see ``charrnn gradients``."""
        raise NotImplementedError

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose what a planned run leaves open; returns the characters per second that it learns.

        Args:
            draft: a ``charrnn.training.plan.Draft``.
            speed: measures this machine, for a config and settings.
        """
        return speed(draft.config, draft.settings)

    def why_this_size(self, draft: Any) -> str:
        """Say why a plan has chosen a model of this size; empty where it has not."""
        return ""

    def most_epochs(self, config: Any, characters: int) -> float:
        """Passes over a text of so many characters after which a model learns it by heart instead."""
        return math.inf


@dataclass
class Cost:
    """What training a model takes of a machine, by its shapes alone.

    Attributes:
        weights: that each character is multiplied by.
        activations: activation functions for each character, each gate's counted.
        counting: floating-point operations for each character where one pass over a text is all; 0 where it is not.
    """

    weights: int = 0
    activations: float = 0.0
    counting: float = 0.0

    def weight_bytes(self, states: int) -> int:
        """Bytes for what is learned, with ``states`` vectors of the optimizer, and while it is saved."""
        return 0

    def row_bytes(self) -> int:
        """Bytes for the activations of one character of one stream."""
        return 0

    def advice(self, *, activations: bool) -> str:
        """The options to make smaller where the activations, or else the weights, take too much memory."""
        return ""
