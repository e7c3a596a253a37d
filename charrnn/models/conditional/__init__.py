"""The model that writes text for a label: a recurrent language model that reads the label at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.models.conditional.config import ConditionalConfig
from charrnn.models.language import Language
from charrnn.models.rows import RowsKind
from charrnn.text.columns import columns_of

PREVIEWED_LABELS = 3
"""Labels whose texts a preview shows."""


class Conditional(RowsKind, Language):
    """The kind ``rnn`` of task ``conditional``: writes text for a label."""

    name = "rnn"
    tasks = ("conditional",)
    config = ConditionalConfig
    labelled = True
    adapts = False
    mixing = None
    refitted = frozenset({*RowsKind.refitted, "label_counts"})

    def label_column(self, options: Mapping[str, Any]) -> int:
        """The column of the input, which is the label; see ``Kind``."""
        return columns_of(options.get("columns", ConditionalConfig.columns))[0]

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """Parse the corpus into labels and their texts; see ``Kind``."""
        from charrnn.models.conditional.data import LabelledTexts, turned_round
        from charrnn.text.examples import examples_of

        rows = examples_of(corpus, options.get("columns", ConditionalConfig.columns))
        return LabelledTexts(turned_round(rows), corpus.vocabulary, options.get("labels", ()))

    def parameters(self, config: Any) -> Any:
        """Make the network's tensors, all zero; see ``Kind``."""
        from charrnn.models.conditional.network import ConditionalParameters

        return ConditionalParameters(config)

    def check_fit(self, config: Any, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.conditional.network import check_tensors

        check_tensors(config, tensors)

    def load(self, config: Any, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.conditional.network import ConditionalNetwork

        return ConditionalNetwork(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.conditional.network import ConditionalLearner, ConditionalNetwork

        return ConditionalLearner(ConditionalNetwork(parameters, workers, training=True), steps, streams)

    def batches(self, config: Any, settings: Any, data: Any) -> Any:
        """Cut the labelled texts into batches; see ``Kind``."""
        from charrnn.models.conditional.batches import conditional_batches

        return conditional_batches(config, settings, data)

    def cost(self, config: Any) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.conditional.cost import ConditionalCost

        return ConditionalCost(config)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the bits per character given the label; see ``Kind``."""
        from charrnn.models.conditional.measure import validate_given

        return validate_given(network, data, before_window)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """Measure how well the label helps to predict texts; see ``Kind``."""
        from charrnn.models.conditional.measure import evaluate_given

        return evaluate_given(network, vocabulary, text, training)

    def reader(self, network: Any, **how: Any) -> Any:
        """Raise ``ConfigError``, as a text has a probability only given a label; see ``Kind``."""
        raise ConfigError(
            "a text has a probability given a label: choose the label with --given, or in a program with Model.given"
        )

    def sampler(self, network: Any) -> Any:
        """Raise ``ConfigError``, as a text is drawn only for one label; see ``Kind``."""
        raise ConfigError(
            "this needs a model of one label: choose the label with --given, or in a program with Model.given"
        )

    def given(self, network: Any, label: str) -> Any:
        """Build the language model of one label's texts; see ``Kind``."""
        return network.of_label(label)

    def portable(self, network: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.language.portable import portable_language

        return portable_language(network, network.config.labels)

    def label_for(self, network: Any, rng_seed: int) -> str:
        """Draw a label with the probability of its share of the training texts; see ``Kind``."""
        from charrnn.models.conditional.draw import draw_label

        return draw_label(network.config, rng_seed)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """Sample a text for each of some labels; see ``Kind``."""
        from charrnn.models.conditional.draw import sample_labels

        return sample_labels(network, vocabulary, rng_seed, step, PREVIEWED_LABELS)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.conditional.recipe import choose_conditional

        return choose_conditional(draft, speed)


KIND = Conditional()
