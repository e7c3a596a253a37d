"""The sequence-to-sequence model: a recurrent encoder and decoder, and attention between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.models.pairing import PairsKind
from charrnn.models.transducer.config import TransducerConfig


class Transduction(PairsKind):
    """The kind ``rnn`` of task ``pairs``: sequence-to-sequence models."""

    name = "rnn"
    config = TransducerConfig
    precisions = ("float32", "float64", "bf16")

    def title(self, config: TransducerConfig) -> str:
        """Name the cell, the layers and the form of attention; see ``Kind``."""
        seen = {"none": "no attention", "general": "attention", "feeding": "attention and input feeding"}
        return f"{config.cell} encoder and decoder, {config.layers_in_words}, {seen[config.attention]}"

    def parameters(self, config: TransducerConfig) -> Any:
        """Make the network's tensors, all zero; see ``Kind``."""
        from charrnn.models.transducer.parameters import TransducerParameters

        return TransducerParameters(config)

    def check_fit(self, config: TransducerConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of a checkpoint's tensors; see ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.transducer.parameters import transducer_checkpoint_shapes

        check_shapes(transducer_checkpoint_shapes(config), tensors)

    def load(self, config: TransducerConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.transducer.network import Transducer

        return Transducer(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.transducer.network import Transducer, TransducerLearner

        return TransducerLearner(Transducer(parameters, workers, training=True), steps, streams)

    def cost(self, config: TransducerConfig) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.transducer.cost import TransducerCost

        return TransducerCost(config)

    def batches(self, config: TransducerConfig, settings: Any, data: Any) -> Any:
        """Cut the pairs into batches of similar lengths; see ``Kind``."""
        from charrnn.models.transducer.answers import pair_batches

        return pair_batches(config, settings, data)

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """Compile preview and validation, by running each once; see ``Kind``."""
        from dataclasses import replace

        super().warm_up(network, vocabulary, settings, data)
        self.validate(network, replace(data, rows=data.rows[:1]), lambda: None)

    def pair_model(self, network: Any) -> Any:
        """The network and its search; see ``PairsKind``."""
        from charrnn.models.transducer.answers import TransducerPairs

        return TransducerPairs(network)

    def portable(self, network: Any) -> Any:
        """Describe a model to the engine in JavaScript; see ``Kind``."""
        from charrnn.kinds.portable import Portable

        config = network.config
        sizes = {"layers": config.num_layers, "directions": config.directions, "longest": config.longest}
        own = {name: list(getattr(config, name)) for name in ("targets", "features")}
        how = {"attention": config.attention, "symbols": config.symbols}
        return Portable("transducer", {**sizes, **own, **how}, network.parameters.tensors, config.cell)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.transducer.recipe import choose_transducer

        return choose_transducer(draft, speed)


KIND = Transduction()
