"""The interface of a kind of model; all other code uses a kind only through it.

To add a kind, add a folder to ``charrnn.models`` whose ``__init__`` defines ``KIND``. Another package names such an
object in its entry points ``charrnn.models``. Each command imports all kinds for their options, so methods import heavy
modules themselves.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from charrnn.display import size
from charrnn.errors import ConfigError
from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

if TYPE_CHECKING:
    from charrnn.kernels.arrays import Array
    from charrnn.kinds.contract import CountedModel, Data, LanguageModel, Learner, Predictor
    from charrnn.kinds.evaluation import Evaluation
    from charrnn.kinds.mixing import Mixing
    from charrnn.kinds.portable import Portable
    from charrnn.layers.parameters import Parameters
    from charrnn.text.batches import Batch, Batches
    from charrnn.text.corpus import Corpus
    from charrnn.text.vocabulary import Vocabulary
    from charrnn.workers import Workers


PROSE = "The cat sat on the mat, and a naïve dog sat in the café.\n" * 60
"""A small text."""


class Kind(ABC):
    """A kind of model; the argument ``config`` of its methods is the config of one of its models.

    Attributes:
        name: the value of ``--model``.
        about: what such a model does, in words that follow its name in the help.
        tasks: the values of ``--task`` that it can learn.
        reading: how its texts are split into documents, whatever the user chooses; empty to leave that to the user.
        config: the dataclass of its options, a ``charrnn.kinds.config.ModelConfig``.
        metrics: the measures of its models; the first one decides which checkpoint is the best.
        learned: the name of the numbers that it learns, such as "parameters".
        elsewhere: what to do for a page or a file of a model that ``portable`` refuses, in words of advice.
        hub_task: the task under which model hubs list its models.
        documents: whether it can learn where documents end.
        precisions: the types of numbers that it can compute in.
        lacks: training options that have no effect on it.
        answers: whether its models answer lines instead of writing text.
        forecasts: whether its models continue a series of numbers.
        counted: the unit of its data's length, such as "characters".
        measured: whether ``eval`` measures its models with ``evaluate``, beside baselines.
        labelled: whether its models write text for a label.
        refitted: fields of the config that a run takes from its own data, even if it starts from another model.
        evaluations: most evaluations of a planned run; if there are few rows to validate with, the best of many
            evaluations is the best by chance.
        planned: whether a plan for a given number of minutes can choose the options that the user leaves open.
        reads_bytes: whether it can learn bytes instead of characters.
        example: a small text that it can learn.
        adapts: whether its models can learn from a text that they read; see ``adapting``.
        mixing: how its models are mixed; None if they cannot be members of a mixture.
        asked: further arguments of ``predict`` of its predictor, such as a beam.
    """

    name: ClassVar[str]
    about: ClassVar[str] = ""
    tasks: ClassVar[tuple[str, ...]] = ("text",)
    reading: ClassVar[str] = ""
    config: ClassVar[type[Any]]
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_CHARACTER,)
    learned: ClassVar[str] = "parameters"
    elsewhere: ClassVar[str] = "train another kind of model"
    hub_task: ClassVar[str] = "text-generation"
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
    reads_bytes: ClassVar[bool] = True
    example: ClassVar[str] = PROSE
    adapts: ClassVar[bool] = False
    mixing: ClassVar[Mixing | None] = None
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
        """Build the model from a checkpoint's tensors.

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
        """Make a ``charrnn.training.contract.BaseTrainer``, which takes these arguments."""

    @abstractmethod
    def data(self, corpus: Corpus, options: Mapping[str, Any]) -> Data:
        """Find the training data of a model with these options in a corpus.

        Raises:
            CorpusError: the corpus does not contain such data.
        """

    def label_column(self, options: Mapping[str, Any]) -> int:
        """The column, from 0, of the label in a row; -1 if lines are not labelled rows.

        The lines of a file LABEL.txt in a folder become rows with LABEL in this column.
        """
        return -1

    def given(self, network: Any, label: str) -> LanguageModel:
        """Build the language model of a single label's texts.

        Raises:
            ConfigError: models of this kind do not write for a label, or this one has not learned that label.
        """
        raise ConfigError(f"given is for models of labelled texts, not of task {self.tasks[0]}: leave it out")

    def label_for(self, network: Any, rng_seed: int) -> str:
        """Draw the label of a text that is to be sampled; the same label for the same seed."""
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
            ConfigError: models of this kind assign no probability to texts.
        """
        raise ConfigError(
            f"a model for task {self.tasks[0]} gives a text no probability: give eval what it is to answer"
        )

    def adapting(self, network: Any, adaptation: Any) -> Any:
        """Make the ``charrnn.training.dynamic.Adapting`` of a model, a copy that learns from the text it reads.

        Args:
            network: the model, which stays as it is.
            adaptation: ``charrnn.scoring.defaults.Adaptation``.

        Raises:
            ConfigError: models of this kind give texts no probability or have nothing that learns, or the rate is not
                positive.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not learn from what it reads: leave that out")

    def predictor(self, network: Any, vocabulary: Vocabulary) -> Predictor:
        """Make the predictor of a model, which answers lines.

        Raises:
            ConfigError: models of this kind do not answer.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} writes text and does not answer: use charrnn sample")

    def forecast(self, network: Any, horizon: int, text: str | None, training: Any) -> list[float]:
        """Continue a series of numbers.

        Args:
            network: the model.
            horizon: how many numbers to return.
            text: the series, as text in the form of the training text; None for the series of ``training``.
            training: the part of ``Data`` that the model was trained on; None if it no longer exists.

        Raises:
            ConfigError: models of this kind do not forecast, or numbers that they need are missing.
            CorpusError: the text is not such a series.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not continue numbers: leave the horizon out")

    def portable(self, network: Any) -> Portable:
        """Describe a model to the engine of pages.

        Raises:
            ConfigError: that engine does not run models of this kind.
        """
        own = size(sum(tensor.nbytes for tensor in network.to_tensors().values()))
        command = "predict" if self.answers or self.forecasts else "sample"
        raise ConfigError(
            f"this model runs in no page, no JavaScript and no ONNX: {self.title(network.config)}, has {own} of "
            f"{self.learned} that only charrnn reads; use charrnn {command}, or {self.elsewhere}"
        )

    def context(self, config: Any) -> int:
        """Characters of the previous lines with which a line is read; if it is not 0, the model answers whole texts."""
        return 0

    def evaluate(self, network: Any, vocabulary: Vocabulary, text: str, training: Any) -> Evaluation:
        """Measure the answers of a model.

        Args:
            network: the model.
            vocabulary: the model's characters.
            text: questions and right answers, in the form of the training text.
            training: the part of ``Data`` that the model was trained on, from which baselines learn; None to leave
                these out.

        Raises:
            ConfigError: models of this kind do not answer.
            CorpusError: the text does not contain questions and answers.
        """
        raise ConfigError(f"a model for task {self.tasks[0]} does not answer: give it to eval with a text")

    @abstractmethod
    def preview(self, network: Any, vocabulary: Vocabulary, data: Any, rng_seed: int, step: int) -> str:
        """Show in a few lines what a model does so far.

        The result is the same for the same model, data, seed and step.
        """

    def trial(self, config: Any, settings: Any, batches: Batches) -> Iterator[Batch]:
        """Yield endless batches like those of a run, for measuring the speed of a machine."""
        batches.begin_epoch(0)
        for number in itertools.count():
            yield batches.batch(number % len(batches), number)

    @abstractmethod
    def warm_up(self, network: Any, vocabulary: Vocabulary, settings: Any, data: Any) -> None:
        """Compile the code that an evaluation and a preview of a run need."""

    @abstractmethod
    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Reduce the settings to what the training data can fill; returns them, and notes on what was reduced."""

    @abstractmethod
    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure a model by its metrics.

        Args:
            network: the model.
            data: the validation data.
            before_window: called before each window; it may raise to stop.
        """

    def cost(self, config: Any) -> Cost:
        """Compute the memory and operations of training a model."""
        raise NotImplementedError

    # Methods of kinds that learn by gradients:

    def parameters(self, config: Any) -> Parameters:
        """Make the parameters of a model, all zero."""
        raise NotImplementedError

    def learner(self, parameters: Any, workers: Workers, steps: int, streams: int) -> Learner:
        """Make a learner for batches of ``streams`` rows and at most ``steps`` steps."""
        raise NotImplementedError

    def batches(self, config: Any, settings: Any, data: Any) -> Batches:
        """Cut a run's data into batches, by its settings."""
        raise NotImplementedError

    def count(self, config: Any, ids: Array, workers: Workers) -> CountedModel:
        """Count a text (N,) of ids and return the model; for kinds that learn in one pass."""
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
        """Number of updates in one pass over the training data."""
        return len(self.batches(config, settings, data))

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that a planned run leaves open.

        Args:
            draft: a ``charrnn.training.plan.Draft``, changed in place.
            speed: measures the training speed on this machine for a config and settings.

        Returns:
            The training speed in characters per second.
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
    """Memory and operations of training a model, computed from its shapes alone.

    Attributes:
        weights: number of weights that are multiplied for each character.
        activations: number of activation functions for each character, one for each unit of each gate.
        counting: floating-point operations for each character, for kinds that learn in one pass; else 0.
    """

    weights: int = 0
    activations: float = 0.0
    counting: float = 0.0

    def weight_bytes(self, states: int) -> int:
        """Peak bytes of all arrays whose size does not depend on the batch, while a checkpoint is saved.

        These include the gradient and ``states`` vectors of optimizer state.
        """
        return 0

    def row_bytes(self) -> int:
        """Bytes for the activations of one character in one stream."""
        return 0

    def advice(self, *, activations: bool) -> str:
        """The options to reduce, if too much memory is taken by the activations, or else by the weights."""
        return ""
