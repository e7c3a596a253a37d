"""The model that restores text, such as accents or capitals: it predicts a class for each character.

characters -> embedding -> recurrent layers in both directions -> projection -> softmax at each step
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.kind import PROSE
from charrnn.kinds.metric import Metric
from charrnn.models.answering import AnsweringKind
from charrnn.models.restorer.config import RestorerConfig

WORD_ACCURACY = Metric("word_accuracy", "part of the words with a letter that are right", higher_is_better=True)

PREVIEWED_CHARACTERS = 200
"""Most characters of a line that a preview shows."""


class Restoring(AnsweringKind):
    """The kind ``rnn`` of the tasks that restore text."""

    name = "rnn"
    tasks = ("accents", "case", "spaces", "typos")
    hub_task = "text2text-generation"
    reading = ""
    documents = False
    example = PROSE
    config = RestorerConfig
    metrics = (WORD_ACCURACY, *AnsweringKind.metrics)
    precisions = ("float32", "float64", "bf16")

    def title(self, config: RestorerConfig) -> str:
        """Name the cell, the layers and the directions; see ``Kind``."""
        ways = "both directions" if config.directions == 2 else "one direction"
        return f"{config.cell}, {config.layers_in_words} in {ways}" + ", and feedback" * config.feedback

    def context(self, config: RestorerConfig) -> int:
        """Characters of previous lines that the task's model reads before a line; see ``Kind``."""
        from charrnn.models.restorer.tasks import TASKS

        return TASKS[config.task].context

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """Strip the lines of the corpus of what is to be restored; see ``Kind``."""
        from charrnn.models.restorer.data import PlainText
        from charrnn.models.restorer.tasks import TASKS

        return PlainText(corpus, TASKS[options["task"]], options.get("classes", ()))

    def parameters(self, config: RestorerConfig) -> Any:
        """Make the network's tensors, all zero; see ``Kind``."""
        from charrnn.models.restorer.parameters import RestorerParameters

        return RestorerParameters(config)

    def check_fit(self, config: RestorerConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of a checkpoint's tensors; see ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.restorer.parameters import restorer_checkpoint_shapes

        check_shapes(restorer_checkpoint_shapes(config), tensors)

    def load(self, config: RestorerConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.restorer.network import Restorer

        return Restorer(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.restorer.learner import RestorerLearner
        from charrnn.models.restorer.network import Restorer

        return RestorerLearner(Restorer(parameters, workers, training=True), steps, streams)

    def cost(self, config: RestorerConfig) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.restorer.cost import RestorerCost

        return RestorerCost(config)

    def batches(self, config: RestorerConfig, settings: Any, data: Any) -> Any:
        """Cut the rows of the text into batches; see ``Kind``."""
        from charrnn.models.restorer.answers import batches_of_rows

        return batches_of_rows(settings, data)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the share of words that are right, and the mean loss; see ``Kind``."""
        from charrnn.models.restorer.answers import validate_rows

        return validate_rows(network, data, before_window)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """Strip a text, restore it, and compare it with the original; see ``Kind``."""
        from charrnn.models.restorer.evaluation import evaluate_text

        return evaluate_text(network, vocabulary, text, training)

    def portable(self, network: Any) -> Any:
        """Describe a model to the engine in JavaScript; see ``Kind``."""
        from charrnn.kinds.portable import Portable

        config = network.config
        sizes = {"layers": config.num_layers, "directions": config.directions, "feedback": config.feedback}
        own = {"task": config.task, "classes": list(config.classes)}
        return Portable("restorer", {**sizes, **own}, network.parameters.tensors, config.cell)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """Make the predictor that restores lines; see ``Kind``."""
        from charrnn.models.restorer.answers import RestoringPredictor

        return RestoringPredictor(network, vocabulary)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """Show a random line before and after it is restored; see ``Kind``."""
        import numpy as np

        text = data.text
        row = data.rows[int(np.random.default_rng((rng_seed, step)).integers(len(data.rows)))]
        given = text.characters[row.first : min(row.last, row.first + PREVIEWED_CHARACTERS)].rstrip("\n")
        ((best,),) = self.predictor(network, vocabulary).predict([given])
        return f"{given}\n{best.text}"

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.restorer.recipe import choose_restorer

        return choose_restorer(draft, speed)

    def check_reach(self) -> None:
        """Raise ``ConfigError``, as gradients are shown only for models that write text; see ``Kind``."""
        raise ConfigError(
            "gradients are shown for models that write text, not for ones that restore it: choose another"
        )


KIND = Restoring()
