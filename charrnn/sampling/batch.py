"""Several texts with the same prefix, drawn at once."""

import math
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, overload

import numpy as np

from charrnn.arguments import check_whole, did_you_mean
from charrnn.errors import ConfigError
from charrnn.kernels.arrays import Array
from charrnn.kernels.draw import generator
from charrnn.markup import table_html, text_html
from charrnn.sampling.growth import CHUNK_SECONDS, DrawnPiece, Step, grow
from charrnn.sampling.prefixes import PrefixReader
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import ModelSampler, Streams
from charrnn.text.symbols import to_sought, to_text
from charrnn.text.vocabulary import END, Vocabulary

MOST_TEXTS = 256
"""Most texts drawn at once; more are drawn in groups of this size."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A text that was drawn.

    Attributes:
        text: the text, with its prefix.
        rng_seed: the seed with which the text, drawn alone, comes out the same.
        stop_reason: "length", "stop", or "end" of a document.
        nats: (N,) -ln p of each drawn character and of the document's end; p is the model's, at temperature 1.
        label: the label drawn for the text, if the model is conditioned on labels; else empty.
    """

    text: str
    rng_seed: int
    stop_reason: str
    nats: Array
    label: str = ""

    @property
    def bits_per_character(self) -> float:
        """Mean of -log2 p; NaN if nothing was drawn."""
        return float(self.nats.mean()) / math.log(2) if len(self.nats) else math.nan

    def _repr_html_(self) -> str:
        """Show the text; called by notebooks."""
        return text_html(self.text)


class Samples(list[Sample]):
    """Texts that were drawn together."""

    def _repr_html_(self) -> str:
        """Show a table of the texts and the seeds that draw them again; called by notebooks."""
        labelled = any(sample.label for sample in self)
        head = ("rng_seed", *(["label"] * labelled), "bits per character", "text")
        rows = [
            (
                str(sample.rng_seed),
                *([sample.label] * labelled),
                f"{sample.bits_per_character:.2f}",
                text_html(sample.text),
            )
            for sample in self
        ]
        return table_html(head, rows)


class SubSeeds(Sequence[int]):
    """The generator's seed of each text of a batch, computed when it is read; see ``sub_seed``."""

    def __init__(self, rng_seed: int, count: int) -> None:
        self._rng_seed, self._numbers = rng_seed, range(count)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...

    def __getitem__(self, place: int | slice) -> int | Sequence[int]:
        numbers = self._numbers[place]
        if isinstance(numbers, range):
            return [sub_seed(self._rng_seed, number) for number in numbers]
        return sub_seed(self._rng_seed, numbers)


class SampleBatch:
    """Texts that continue one prefix, each with its own random generator.

    Args:
        sampler: what draws.
        vocabulary: the model's vocabulary.
        prefix: the symbols with which each text begins.
        rng_seed: the generator's seed of the first text.
        num_samples: number of texts.
        reader: reads the prefix; by default, from its beginning.

    Attributes:
        prefix: the symbols with which each text begins.
        rng_seeds: the generator's seed of each text; see ``sub_seed``.
    """

    def __init__(
        self,
        sampler: ModelSampler,
        vocabulary: Vocabulary,
        prefix: str,
        rng_seed: int,
        num_samples: int,
        reader: PrefixReader | None = None,
    ) -> None:
        num_samples = check_whole("num_samples", num_samples, 1, sys.maxsize)
        self.prefix = prefix
        self.rng_seeds = SubSeeds(rng_seed, num_samples)
        self._sampler, self._vocabulary, self._reader = sampler, vocabulary, reader

    def steps(
        self, settings: SamplingSettings, *, top: int = 0, interrupted: Callable[[], bool] = lambda: False
    ) -> Iterator[Step]:
        """Draw as ``charrnn.sampling.growth.grow``, but yield all steps of a text before those of the next text.

        While a long prefix is read, steps without characters are yielded. The first text's steps are yielded while it
        is drawn. If interrupted, the texts after the current one are omitted.
        """
        for first in range(0, len(self.rng_seeds), MOST_TEXTS):
            seeds = self.rng_seeds[first : first + MOST_TEXTS]
            for step in in_order(self._grown(seeds, settings, top=top, interrupted=interrupted), first):
                yield step
                if step.stop_reason == "interrupted":
                    return
            if interrupted():
                return

    def label(self, text: int) -> str:
        """The label of text number ``text``; empty for models without labels."""
        return ""

    def _grown(self, rng_seeds: Sequence[int], settings: SamplingSettings, **how: Any) -> Iterator[Step]:
        """Draw the texts of these seeds; yields steps in the order in which they are drawn."""
        return self._grown_from(self._sampler, rng_seeds, settings, **how)

    def _grown_from(
        self,
        sampler: ModelSampler,
        rng_seeds: Sequence[int],
        settings: SamplingSettings,
        *,
        top: int,
        interrupted: Callable[[], bool],
    ) -> Iterator[Step]:
        prefix = self._vocabulary.encode(with_start(self.prefix, self._vocabulary))
        generators = np.stack([generator(seed) for seed in rng_seeds])
        reader, began = self._reader or PrefixReader(sampler.network), time.perf_counter()
        for after in reader.reading(prefix[:-1]):
            state = after
            if time.perf_counter() - began > CHUNK_SECONDS:
                yield Step(0, DrawnPiece.empty(top), 0)
                if interrupted():
                    yield from (Step(text, DrawnPiece.empty(top), 0, "interrupted") for text in range(len(rng_seeds)))
                    return
                began = time.perf_counter()
        streams = Streams.after(sampler, state, prefix[-1:], generators)
        yield from grow(streams, self._vocabulary, settings, top=top, interrupted=interrupted)

    def samples(self, **settings: Any) -> Iterator[Sample]:
        """Draw all texts; the options are the fields of ``SamplingSettings``."""
        unit = self._vocabulary.unit
        symbols, nats = [self.prefix], [np.empty(0)]
        for step in self.steps(settings_for(unit, settings)):
            symbols.append(step.piece.symbols)
            nats.append(step.predicted.nats)
            if step.stop_reason:
                seed = self.rng_seeds[step.text]
                text = to_text("".join(symbols), unit)
                yield Sample(text, seed, step.stop_reason, np.concatenate(nats), self.label(step.text))
                symbols, nats = [self.prefix], [np.empty(0)]


def in_order(steps: Iterator[Step], first: int) -> Iterator[Step]:
    """Yield all steps of one text before those of the next one, and add ``first`` to the texts' numbers."""
    waiting: dict[int, list[Step]] = {}
    current = 0
    for step in steps:
        waiting.setdefault(step.text, []).append(step._replace(text=first + step.text))
        while ready := waiting.pop(current, None):
            yield from ready
            if not ready[-1].stop_reason:
                break
            current += 1


def settings_for(unit: str, settings: dict[str, Any]) -> SamplingSettings:
    """Build the settings, with stop texts as the model's symbols: characters or bytes, as ``unit`` says.

    Raises:
        ConfigError: A setting is unknown or out of range.
    """
    known = [field.name for field in fields(SamplingSettings)]
    if unknown := set(settings).difference(known):
        name = sorted(unknown)[0]
        raise ConfigError(f"unknown option {name!r}: {did_you_mean(name, known)}choose from {', '.join(known)}")
    stop = settings.get("stop", ())
    if not isinstance(stop, Iterable):
        raise ConfigError(f"stop must be a text or several, not {stop!r}")
    texts = (stop,) if isinstance(stop, str | bytes) else stop
    return SamplingSettings(**settings | {"stop": tuple(to_sought("a stop text", text, unit) for text in texts)})


def with_start(prefix: str, vocabulary: Vocabulary) -> str:
    """Return the symbols that a model reads before it draws: the prefix, after END for a model of documents.

    Without documents, an empty prefix becomes a newline or, if the vocabulary lacks it, the first character there.
    """
    if vocabulary.documents:
        return END + prefix
    return prefix or ("\n" if "\n" in vocabulary else vocabulary.symbols[0])


def sub_seed(rng_seed: int, number: int) -> int:
    """Return the generator's seed of text ``number`` (from 0): the batch's seed for 0, else 53 random bits."""
    return rng_seed if number == 0 else int(generator(rng_seed, number)[0]) >> 11


def seed_for(rng_seed: int | None) -> int:
    """Return the generator's seed, a random one if none is given.

    Raises:
        ConfigError: The seed is not a whole number.
    """
    return secrets.randbits(32) if rng_seed is None else check_whole("rng_seed", rng_seed)
