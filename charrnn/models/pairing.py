"""Base class of the kinds that answer a text by another one, learned from pairs."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from charrnn.kinds.metric import Metric
from charrnn.kinds.mixing import Mixing
from charrnn.models.answering import AnsweringKind
from charrnn.models.pair_mixing import PairMixing

if TYPE_CHECKING:
    from charrnn.models.transducer.answers import PairModel

BITS_PER_SYMBOL = Metric("bits", "bits per symbol of the answers", nats=math.log(2))
WORD_ERROR = Metric("word_error", "part of the answers that are wrong")


class PairsKind(AnsweringKind):
    """A kind whose models answer by a text of their own."""

    tasks = ("pairs",)
    hub_task = "text2text-generation"
    # The loss chooses the best checkpoint, as the number of right answers among a few hundred rows varies by chance.
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_SYMBOL, WORD_ERROR)
    asked = frozenset({"beam", "known"})
    refitted = frozenset({"vocab_size", "longest"})
    mixing: ClassVar[Mixing | None] = PairMixing()

    @abstractmethod
    def pair_model(self, network: Any) -> PairModel:
        """The model as one that finds answers and gives them probabilities."""

    def line_of(self, row: Any) -> str:
        """The input of a row and, behind a tab, its features; see ``AnsweringKind``."""
        return f"{row.given}\t{row.features}" if row.features else super().line_of(row)

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """Parse the corpus into pairs, and collect the symbols of answers and the features; see ``Kind``."""
        from charrnn.models.transducer.data import PairedRows

        return PairedRows(corpus, options)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the mean loss and the word error; see ``Kind``."""
        from charrnn.models.transducer.answers import validate_pairs

        return validate_pairs(self.pair_model(network), network.config, data, before_window)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """Measure word and symbol error, beside baselines; see ``Kind``."""
        from charrnn.models.transducer.evaluation import evaluate_pairs

        return evaluate_pairs(network, vocabulary, text, training)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """Make the predictor that searches for answers; see ``Kind``."""
        from charrnn.models.transducer.answers import PairPredictor

        return PairPredictor(self.pair_model(network), network.config, vocabulary)


class ComparedPairsKind(PairsKind):
    """A kind whose models only compare answers: they give probabilities up to a constant of the row."""

    metrics = (WORD_ERROR,)

    def pair_model(self, network: Any) -> PairModel:
        """The model itself; see ``PairsKind``."""
        model: PairModel = network
        return model

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the word error; see ``Kind``."""
        from charrnn.models.transducer.answers import word_error

        return {WORD_ERROR.name: word_error(network, network.config, data, before_window, beam=network.beam)}
