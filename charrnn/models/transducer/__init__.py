"""The model that turns a text into another one: a recurrent encoder and decoder, and attention between them."""

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
    """See ``charrnn.kinds.kind.Kind``."""

    name = "rnn"
    tasks = ("pairs",)
    config = TransducerConfig
    # Bits decide: of a few hundred rows, by chance some more or fewer are right at each evaluation.
    metrics = (BITS_PER_SYMBOL, WORD_ERROR)
    precisions = ("float32", "float64", "bf16")
    asked = frozenset({"beam", "known"})
    refitted = frozenset({"vocab_size", "longest"})

    def title(self, config: TransducerConfig) -> str:
        """See ``Kind``."""
        seen = {"none": "no attention", "general": "attention", "feeding": "attention and input feeding"}
        return f"{config.cell} encoder and decoder, {config.layers_in_words}, {seen[config.attention]}"

    def line_of(self, row: Any) -> str:
        """See ``AnsweringKind``."""
        return f"{row.given}\t{row.features}" if row.features else super().line_of(row)

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """See ``Kind``: pairs, the symbols of answers and the features."""
        from charrnn.models.transducer.data import PairedRows

        return PairedRows(corpus, options)

    def parameters(self, config: TransducerConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.parameters import TransducerParameters

        return TransducerParameters(config)

    def check_fit(self, config: TransducerConfig, tensors: Mapping[str, Any]) -> None:
        """See ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.transducer.parameters import transducer_checkpoint_shapes

        check_shapes(transducer_checkpoint_shapes(config), tensors)

    def load(self, config: TransducerConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.network import Transducer

        return Transducer(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.network import Transducer, TransducerLearner

        return TransducerLearner(Transducer(parameters, workers, training=True), steps, streams)

    def cost(self, config: TransducerConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.cost import TransducerCost

        return TransducerCost(config)

    def batches(self, config: TransducerConfig, settings: Any, data: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.answers import pair_batches

        return pair_batches(config, settings, data)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """See ``Kind``: the mean loss, and the word error."""
        from charrnn.models.transducer.answers import validate_pairs

        return validate_pairs(network, data, before_window)

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """See ``Kind``."""
        from dataclasses import replace

        super().warm_up(network, vocabulary, settings, data)
        self.validate(network, replace(data, rows=data.rows[:1]), lambda: None)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.evaluation import evaluate_pairs

        return evaluate_pairs(network, vocabulary, text, training)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.transducer.answers import PairPredictor

        return PairPredictor(network, vocabulary)

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """See ``Kind``."""
        from charrnn.models.transducer.recipe import choose_transducer

        return choose_transducer(draft, speed)


KIND = Transduction()
