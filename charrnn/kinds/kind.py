"""The interface of a kind of model, through which all other code uses it.

To add a kind, add a folder to ``charrnn.models`` whose ``__init__`` defines ``KIND``, or name such an object in the
entry points ``charrnn.models`` of another package. Each command imports all kinds for their options, so methods import
heavy modules themselves.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

if TYPE_CHECKING:
    from charrnn.kernels.arrays import Array
    from charrnn.kinds.contract import CountedModel, Data, LanguageModel, Learner, Predictor
    from charrnn.kinds.evaluation import Evaluation
    from charrnn.layers.parameters import Parameters
    from charrnn.text.batches import Batch, Batches
    from charrnn.text.corpus import Corpus
    from charrnn.text.vocabulary import Vocabulary
    from charrnn.workers import Workers


class Kind(ABC):
    """A kind of model; the argument ``config`` of its methods is the config of such a model.

    Attributes:
        name: the value of ``--model``.
        about: what such a model does, in words that follow its name in the help.
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
        forecasts: whether its models continue a series of numbers.
        counted: what the length of its data is counted in.
        measured: whether ``eval`` measures its models with ``evaluate``, beside rivals.
        labelled: whether its models write text for a label.
        refitted: fields of the config that a run takes from its own data even if it starts from another model.
        evaluations: most evaluations of a planned run; with few rows to validate with, the best of many is a lucky one.
        planned: whether what a user leaves open can be chosen for a run of minutes.
        mixable: whether its models can be members of a mixture.
        asked: further arguments of its predictor's ``predict``, such as a beam.
    """

    name: ClassVar[str]
    about: ClassVar[str] = ""
    tasks: ClassVar[tuple[str, ...]] = ("text",)
    reading: ClassVar[str] = ""
    config: ClassVar[type[Any]]
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_CHARACTER,)
    learned: ClassVar[str] = "parameters"
    documents: ClassVar[bool] = False
    precisions: ClassVar[tuple[str, ...]] = ("float32", "float64")
    lacks: ClassVar[frozenset[str]] = frozenset()
    answers: ClassVar[bool] = False
    forecasts: ClassVar[bool] = False
    counted: ClassVar[str] = "characters"
    measured: ClassVar[bool] = False
    labelled: ClassVar[bool] = False
    refitted: ClassVar[frozenset[str]] = frozenset({"vocab_size"})
    evaluations: ClassVar[int] = 30
    planned: ClassVar[bool] = True
    mixable: ClassVar[bool] = False
    asked: ClassVar[frozenset[str]] = frozenset()

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

    def compact(self, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
        """A model's tensors in fewer bytes, for a file that holds several models; ``expand`` restores them."""
        return tensors

    def expand(self, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
        """The tensors of ``compact`` as ``check_fit`` and ``load`` take them."""
        return tensors

    @abstractmethod
    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a ``charrnn.training.contract.BaseTrainer`` from its arguments."""

    @abstractmethod
    def data(self, corpus: Corpus, options: Mapping[str, Any]) -> Data:
        """Find what a model with these options learns in a corpus.

        Raises:
            CorpusError: the corpus does not hold it.
        """

    def label_column(self, options: Mapping[str, Any]) -> int:
        """Place, from 0, of the label in a row, if the lines of a folder's LABEL.txt are rows; else -1."""
        return -1

    def given(self, network: Any, label: str) -> LanguageModel:
        """Make the model of one label's texts.

        Raises:
            ConfigError: models of this kind do not write for a label, or this one has not learned that label.
        """
        raise ConfigError(f"given is for models of labelled texts, not of task {self.tasks[0]}: leave it out")

    def label_for(self, network: Any, rng_seed: int) -> str:
        """The label that is drawn with a text; the same for the same seed."""
        raise NotImplementedError

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

    def adapting(self, network: Any, learning_rate: float) -> Any:
        """Make the ``charrnn.training.dynamic.Adapting`` of a model, a copy that learns from the text it reads.

        Raises:
            ConfigError: models of this kind give texts no probability or have nothing that learns, or the rate is not
                positive.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not learn from what it reads: leave that out")

    def predictor(self, network: Any, vocabulary: Vocabulary) -> Predictor:
        """Make what answers lines with a model.

        Raises:
            ConfigError: models of this kind do not answer.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} writes text and does not answer: use charrnn sample")

    def forecast(self, network: Any, horizon: int, text: str | None, training: Any) -> list[float]:
        """Continue a series of numbers.

        Args:
            network: the model.
            horizon: how many numbers.
            text: of the series, as it is read for training; None for that of ``training``.
            training: the part of ``Data`` that the model was trained on; None where it is gone.

        Raises:
            ConfigError: models of this kind do not forecast, or the numbers that they need are not there.
            CorpusError: the text is no such series.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not continue numbers: leave the horizon out")

    def context(self, config: Any) -> int:
        """Characters of the lines before it with which a line is answered; a model that has some answers texts."""
        return 0

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
        raise ConfigError(f"a model for task {self.tasks[0]} does not answer: give it to eval with a text")

    @abstractmethod
    def preview(self, network: Any, vocabulary: Vocabulary, data: Any, rng_seed: int, step: int) -> str:
        """Show in a few lines what a model does so far, the same for the same model, data, seed and step."""

    def trial(self, config: Any, settings: Any, batches: Batches) -> Iterator[Batch]:
        """Endless batches like ``batches`` of a run, with which to measure the speed of a machine."""
        batches.begin_epoch(0)
        for number in itertools.count():
            yield batches.batch(number % len(batches), number)

    @abstractmethod
    def warm_up(self, network: Any, vocabulary: Vocabulary, settings: Any, data: Any) -> None:
        """Compile what an evaluation and a preview of a run need."""

    @abstractmethod
    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Settings that the training data can fill, and a note where they had to shrink."""

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
        """Make a model from a text (N,), for kinds that learn in one pass."""
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

    def steps_in_epoch(self, config: Any, settings: Any, data: Any) -> int:
        """Updates in one pass over the training data."""
        return len(self.batches(config, settings, data))

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
