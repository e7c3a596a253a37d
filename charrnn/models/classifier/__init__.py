"""The classifier of lines: characters -> embedding -> recurrent layers -> pooling -> projection -> softmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.models.classifier.config import ClassifierConfig
from charrnn.models.labelling import LabellingKind


class Labels(LabellingKind):
    """The kind ``rnn`` of task ``label``: recurrent classifiers of lines."""

    name = "rnn"
    config = ClassifierConfig
    precisions = ("float32", "float64", "bf16")

    def title(self, config: ClassifierConfig) -> str:
        """Name the cell, the layers and the directions; see ``Kind``."""
        ways = "both directions" if config.directions == 2 else "one direction"
        return f"{config.cell}, {config.layers_in_words} in {ways}"

    def parameters(self, config: ClassifierConfig) -> Any:
        """Make the network's tensors, all zero; see ``Kind``."""
        from charrnn.models.classifier.network import ClassifierParameters

        return ClassifierParameters(config)

    def check_fit(self, config: ClassifierConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of a checkpoint's tensors; see ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.classifier.network import checkpoint_shapes

        check_shapes(checkpoint_shapes(config), tensors)

    def load(self, config: ClassifierConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.classifier.network import Classifier

        return Classifier(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.classifier.network import Classifier, ClassifierLearner

        return ClassifierLearner(Classifier(parameters, workers, training=True), steps, streams)

    def portable(self, network: Any) -> Any:
        """Describe a model to the engine in JavaScript; see ``Kind``."""
        from charrnn.kinds.portable import Portable

        config = network.config
        sizes = {"layers": config.num_layers, "directions": config.directions}
        return Portable("classifier", sizes, network.parameters.tensors, config.cell, tuple(config.labels))

    def cost(self, config: ClassifierConfig) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.classifier.cost import ClassifierCost

        return ClassifierCost(config)

    def batches(self, config: ClassifierConfig, settings: Any, data: Any) -> Any:
        """Cut the labelled rows into batches; see ``Kind``."""
        from charrnn.models.classifier.batches import batches_of

        return batches_of(config, settings, data)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.classifier.recipe import choose_classifier

        return choose_classifier(draft, speed)

    def most_epochs(self, config: ClassifierConfig, characters: int) -> float:
        """Passes over the data after which a model overfits; see ``Kind``."""
        from charrnn.models.classifier.recipe import most_passes

        return most_passes(characters)


KIND = Labels()
