"""The model that restores: characters -> tables -> layers in both directions -> projection -> softmax at each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.metric import Metric
from charrnn.models.answering import AnsweringKind
from charrnn.models.restorer.config import RestorerConfig

WORD_ACCURACY = Metric("word_accuracy", "part of the words with a letter that are right", higher_is_better=True)

PREVIEWED_CHARACTERS = 200
"""Characters of a line that a preview shows."""


class Restoring(AnsweringKind):
    """See ``charrnn.kinds.kind.Kind``."""

    name = "rnn"
    tasks = ("accents", "case", "spaces", "typos")
    reading = ""
    documents = False
    config = RestorerConfig
    metrics = (WORD_ACCURACY, *AnsweringKind.metrics)
    precisions = ("float32", "float64", "bf16")

    def title(self, config: RestorerConfig) -> str:
        """See ``Kind``."""
        ways = "both directions" if config.directions == 2 else "one direction"
        return f"{config.cell}, {config.layers_in_words} in {ways}" + ", and feedback" * config.feedback

    def context(self, config: RestorerConfig) -> int:
        """See ``Kind``."""
        from charrnn.models.restorer.tasks import TASKS

        return TASKS[config.task].context

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """See ``Kind``: lines."""
        from charrnn.models.restorer.data import PlainText
        from charrnn.models.restorer.tasks import TASKS

        return PlainText(corpus, TASKS[options["task"]])

    def parameters(self, config: RestorerConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.restorer.parameters import RestorerParameters

        return RestorerParameters(config)

    def check_fit(self, config: RestorerConfig, tensors: Mapping[str, Any]) -> None:
        """See ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.restorer.parameters import restorer_checkpoint_shapes

        check_shapes(restorer_checkpoint_shapes(config), tensors)

    def load(self, config: RestorerConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.restorer.network import Restorer

        return Restorer(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """See ``Kind``."""
        from charrnn.models.restorer.learner import RestorerLearner
        from charrnn.models.restorer.network import Restorer

        return RestorerLearner(Restorer(parameters, workers, training=True), steps, streams)

    def cost(self, config: RestorerConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.restorer.cost import RestorerCost

        return RestorerCost(config)

    def batches(self, config: RestorerConfig, settings: Any, data: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.restorer.answers import batches_of_rows

        return batches_of_rows(settings, data)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """See ``Kind``: words right, and the mean loss."""
        from charrnn.models.restorer.answers import validate_rows

        return validate_rows(network, data, before_window)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """See ``Kind``: the text is stripped and restored."""
        from charrnn.models.restorer.evaluation import evaluate_text

        return evaluate_text(network, vocabulary, text, training)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.restorer.answers import RestoringPredictor

        return RestoringPredictor(network, vocabulary)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """See ``Kind``: a line without what it is restored to, and restored."""
        import numpy as np

        text = data.text
        row = data.rows[int(np.random.default_rng((rng_seed, step)).integers(len(data.rows)))]
        given = text.characters[row.first : min(row.last, row.first + PREVIEWED_CHARACTERS)].rstrip("\n")
        ((best,),) = self.predictor(network, vocabulary).predict([given])
        return f"{given}\n{best.text}"

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """See ``Kind``."""
        from charrnn.models.restorer.recipe import choose_restorer

        return choose_restorer(draft, speed)

    def check_reach(self) -> None:
        """See ``Kind``."""
        raise ConfigError(
            "gradients are shown for models that write text, not for ones that restore it: choose another"
        )


KIND = Restoring()
