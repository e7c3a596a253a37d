"""Base classes of kinds that read and write text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from charrnn.display import pasteable
from charrnn.errors import ConfigError
from charrnn.kinds.kind import Kind
from charrnn.kinds.metric import BITS_PER_CHARACTER
from charrnn.kinds.mixing import Mixing
from charrnn.models.counting import CountingKind
from charrnn.models.text_mixing import TextMixing

if TYPE_CHECKING:
    from charrnn.text.corpus import Corpus


@dataclass(frozen=True)
class TextData:
    """A text or a collection of documents; a ``charrnn.kinds.contract.Data``."""

    corpus: Corpus

    def fields(self) -> dict[str, Any]:
        """Fields of the config: the size of the vocabulary, and whether texts end; see ``Data``."""
        vocabulary = self.corpus.vocabulary
        return {"vocab_size": len(vocabulary), "end_symbol": bool(vocabulary.documents)}

    def split(self, val_fraction: float) -> tuple[Any, Any]:
        """Cut off the end of the text, or whole documents, for validation; see ``Data``."""
        from charrnn.text.documents import split_corpus

        return split_corpus(self.corpus, val_fraction)

    def notes(self, train: Any, validation: Any, val_fraction: float) -> Iterator[str]:
        """Count the documents of each part; warn if nothing is left to validate with. See ``Data``."""
        if documents := self.corpus.vocabulary.documents:
            if train.count + validation.count == 1:
                way = pasteable([documents])
                yield f"the text is one document, as --documents {way} splits it: there is no other to validate with"
            else:
                counts = f"{train.count:,} documents to train on, {validation.count:,} to validate with"
                yield f"{counts}: the end of each counts as one character"
        elif val_fraction and not len(validation):
            yield "the text is too short to validate on a part of it"


class TextKind(Kind):
    """A kind whose models predict each character from those before it."""

    adapts: ClassVar[bool] = True
    mixing: ClassVar[Mixing | None] = TextMixing()

    def data(self, corpus: Corpus, options: Mapping[str, Any]) -> TextData:
        """Wrap the corpus, whose text is learned as it is; see ``Kind``."""
        return TextData(corpus)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """Sample a short text; see ``Kind``."""
        from charrnn.training.preview import preview

        return preview(network, vocabulary, rng_seed, step)

    def trial(self, config: Any, settings: Any, batches: Any) -> Iterator[Any]:
        """Yield one window of random ids again and again; see ``Kind``."""
        import numpy as np

        from charrnn.text.batches import Batch

        steps = batches.longest
        shape = (steps, settings.batch_size)
        x, y = np.random.default_rng(0).integers(config.vocab_size, size=(2, *shape), dtype=np.int32)
        while True:
            yield Batch(x, y[max(0, steps - settings.window) :])

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """Compile scoring and sampling, by running each once; see ``Kind``."""
        import numpy as np

        from charrnn.scoring.streams import score

        score(network, np.zeros(max(2, settings.seq_length), np.int32))
        self.preview(network, vocabulary, data, settings.rng_seed, step=0)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Reduce the numbers of streams and of steps to what the text can fill; see ``Kind``."""
        from charrnn.training.fitting import fit_settings

        return fit_settings(settings, len(data))

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the bits per character of a text; see ``Kind``."""
        from charrnn.scoring.streams import score

        return {BITS_PER_CHARACTER.name: score(network, data, before_window=before_window).bits_per_character}

    def reader(self, network: Any, **how: Any) -> Any:
        """Make a reader that scores texts, several at a time as parallel streams; see ``Kind``."""
        from charrnn.scoring.streams import StreamReader

        return StreamReader(network, **how)

    def adapting(self, network: Any, adaptation: Any) -> Any:
        """Make a copy that learns by gradient steps; see ``Kind``."""
        from charrnn.training.dynamic import AdaptingNetwork

        return AdaptingNetwork(network.parameters, network.workers, adaptation)

    def batches(self, config: Any, settings: Any, data: Any) -> Any:
        """Cut the text into parallel streams, and these into windows; see ``Kind``."""
        from charrnn.training.text_batches import TextBatches

        return TextBatches(data, settings, config.vocab_size, documents=config.end_symbol)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that learns by gradients."""
        from charrnn.training.trainer import Trainer

        return Trainer(*arguments, **how)


class ContextKind(TextKind):
    """A kind whose models see only the last characters."""

    def sampler(self, network: Any) -> Any:
        """Make a sampler that keeps the last characters as its state; see ``Kind``."""
        from charrnn.sampling.contexts import ContextSampler

        return ContextSampler(network)


class CountedKind(CountingKind, ContextKind):
    """A kind whose models are counts of a text."""

    adapts = False

    def adapting(self, network: Any, adaptation: Any) -> Any:
        """Raise, as counts take no gradient steps; see ``Kind``."""
        raise ConfigError(f"a model {self.name} has {self.learned} and no parameters: choose another model")

    def check_source(self) -> None:
        """Raise ``ConfigError``, as counts are no weights to start from; see ``Kind``."""
        raise ConfigError(f"a model {self.name} has no weights to start from, but counts: count both texts in one run")
