"""The sequence-to-sequence model: a recurrent encoder and decoder, and attention between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from charrnn.kinds.metric import Metric
from charrnn.models.answering import AnsweringKind
from charrnn.models.transducer.config import TransducerConfig

BITS_PER_SYMBOL = Metric("bits", "bits per symbol of the answers", nats=math.log(2))
WORD_ERROR = Metric("word_error", "part of the answers that are wrong")


class Transduction(AnsweringKind):
    """The kind ``rnn`` of task ``pairs``: sequence-to-sequence models."""

    name = "rnn"
    tasks = ("pairs",)
    config = TransducerConfig
    # The loss chooses the best checkpoint, as the number of right answers among a few hundred rows varies by chance.
    metrics = (BITS_PER_SYMBOL, WORD_ERROR)
    precisions = ("float32", "float64", "bf16")
    asked = frozenset({"beam", "known"})
    refitted = frozenset({"vocab_size", "longest"})

    def title(self, config: TransducerConfig) -> str:
        """Name the cell, the layers and the form of attention; see ``Kind``."""
        seen = {"none": "no attention", "general": "attention", "feeding": "attention and input feeding"}
        return f"{config.cell} encoder and decoder, {config.layers_in_words}, {seen[config.attention]}"

    def line_of(self, row: Any) -> str:
        """The input of a row and, behind a tab, its features; see ``AnsweringKind``."""
        return f"{row.given}\t{row.features}" if row.features else super().line_of(row)

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """Parse the corpus into pairs, and collect the symbols of answers and the features; see ``Kind``."""
        from charrnn.models.transducer.data import PairedRows

        return PairedRows(corpus, options)

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

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the mean loss and the word error; see ``Kind``."""
        from charrnn.models.transducer.answers import validate_pairs

        return validate_pairs(network, data, before_window)

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """Compile preview and validation, by running each once; see ``Kind``."""
        from dataclasses import replace

        super().warm_up(network, vocabulary, settings, data)
        self.validate(network, replace(data, rows=data.rows[:1]), lambda: None)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """Measure word and symbol error, beside baselines; see ``Kind``."""
        from charrnn.models.transducer.evaluation import evaluate_pairs

        return evaluate_pairs(network, vocabulary, text, training)

    def portable(self, network: Any) -> Any:
        """Describe a model to the engine in JavaScript; see ``Kind``."""
        from charrnn.kinds.portable import Portable

        config = network.config
        sizes = {"layers": config.num_layers, "directions": config.directions, "longest": config.longest}
        own = {name: list(getattr(config, name)) for name in ("targets", "features")}
        how = {"attention": config.attention, "symbols": config.symbols}
        return Portable("transducer", {**sizes, **own, **how}, network.parameters.tensors, config.cell)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """Make the predictor that searches for answers with a beam; see ``Kind``."""
        from charrnn.models.transducer.answers import PairPredictor

        return PairPredictor(network, vocabulary)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.transducer.recipe import choose_transducer

        return choose_transducer(draft, speed)


KIND = Transduction()
