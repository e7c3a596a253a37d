"""Drawing texts chunk by chunk; each ends before a stop text."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import Streams
from charrnn.text.vocabulary import Vocabulary

CHUNK_SECONDS = 0.05
"""Target time of a chunk: short enough to show text as it is drawn, and to be interrupted."""

GROWTH = 8
"""Largest factor by which a chunk may exceed the previous one: the first chunks give poor estimates of the speed."""


class DrawnPiece(NamedTuple):
    """Some characters of one text, with their predictions."""

    symbols: str
    """The n characters."""
    nats: Array
    """(n,) the model's -ln p of each."""
    top_ids: Array
    """(n, R) ids of the most probable characters at its position."""
    top_logprobs: Array
    """(n, R) ln p of these."""

    @classmethod
    def empty(cls, top: int) -> "DrawnPiece":
        """A piece without characters, with ``top`` most probable ones at each position."""
        return cls("", np.empty(0), np.empty((0, top), np.int32), np.empty((0, top)))

    def part(self, first: int, last: int | None = None) -> "DrawnPiece":
        """Return the characters from ``first`` to ``last``."""
        symbols, *arrays = self
        return DrawnPiece(symbols[first:last], *(array[first:last] for array in arrays))

    def joined(self, other: "DrawnPiece") -> "DrawnPiece":
        """Return this piece with another one appended."""
        arrays = (np.concatenate(pair) for pair in zip(self[1:], other[1:], strict=True))
        return DrawnPiece(self.symbols + other.symbols, *arrays)


class Step(NamedTuple):
    """The addition of one chunk to one text."""

    text: int
    """The text's number."""
    piece: DrawnPiece
    """The characters that certainly belong to the text."""
    drawn: int
    """Number of characters drawn in this chunk.

    Those that may begin a stop text are held back and missing in ``piece``; if no stop text follows, a later ``piece``
    holds them, too."""
    stop_reason: str = ""
    """"length", "stop", "end" (of a document) or "interrupted" at the text's end."""
    stop_length: int = 0
    """Symbols of the stop text or document's end that ended the text."""
    end: DrawnPiece | None = None
    """The document's end, if that was drawn."""

    @property
    def predicted(self) -> DrawnPiece:
        """All predictions of the step: the piece and the document's end."""
        return self.piece.joined(self.end) if self.end else self.piece

    def parts(self, portion: int) -> Iterator["Step"]:
        """Split into steps of at most ``portion`` characters, and one for the text's end; 0 does not split."""
        if not portion:
            yield self
            return
        count = len(self.piece.symbols)
        last = count if self.end else max(0, count - 1) // portion * portion
        for first in range(0, last, portion):
            yield Step(self.text, self.piece.part(first, min(last, first + portion)), 0)
        yield self._replace(piece=self.piece.part(last))


class StopTexts:
    """The search for stop texts in a growing text, which ends before the first complete one; that may span pieces."""

    def __init__(self, texts: tuple[str, ...], top: int) -> None:
        self._texts = texts
        self._held = DrawnPiece.empty(top)

    def feed(self, piece: DrawnPiece) -> tuple[DrawnPiece, DrawnPiece]:
        """Add characters; returns those that certainly belong to the text, and the stop text if it is complete."""
        nothing = piece.part(0, 0)
        if not self._texts:
            return piece, nothing
        whole = self._held.joined(piece)
        found = [(start + len(text), start) for text in self._texts if (start := whole.symbols.find(text)) >= 0]
        if found:
            end, start = min(found)
            self._held = nothing
            return whole.part(0, start), whole.part(start, end)
        cut = len(whole.symbols) - self._overlap(whole.symbols)
        self._held = whole.part(cut)
        return whole.part(0, cut), nothing

    def rest(self) -> DrawnPiece:
        """Return the characters that were held back, once the text has ended."""
        held, self._held = self._held, self._held.part(0, 0)
        return held

    def _overlap(self, symbols: str) -> int:
        """Return the length of the longest end of ``symbols`` that begins a stop text."""
        longest = min(len(symbols), max(map(len, self._texts), default=1) - 1)
        starts = (n for n in range(longest, 0, -1) if any(text.startswith(symbols[-n:]) for text in self._texts))
        return next(starts, 0)


def grow(
    streams: Streams,
    vocabulary: Vocabulary,
    settings: SamplingSettings,
    *,
    top: int = 0,
    interrupted: Callable[[], bool] = lambda: False,
) -> Iterator[Step]:
    """Draw texts that continue ``streams``, chunk by chunk; the last step of each text has a stop reason.

    Args:
        streams: the streams, which are advanced, perhaps beyond the ends of the texts.
        vocabulary: the model's vocabulary.
        settings: how to draw.
        top: R, how many of the most probable characters to report with each.
        interrupted: called after each chunk; all texts end once it returns True.
    """
    texts = list(range(len(streams.now.last)))
    stop_texts = tuple(filter(None, (*settings.stop, vocabulary.end)))
    stops = [StopTexts(stop_texts, top) for _ in texts]
    left, count = settings.length, 1
    while left and texts:
        began = time.perf_counter()
        count = min(count, left)
        drawn = streams.draw(count, settings.rules, top)
        seconds = time.perf_counter() - began  # without the consumer's time: a slow one must not shrink the chunks
        left -= count
        stopped = interrupted()
        last_reason = "length" if not left else "interrupted" if stopped else ""
        symbols = vocabulary.decode(drawn.ids.ravel())
        going_on = []
        for place, text in enumerate(texts):
            own = symbols[place * count : (place + 1) * count]
            new = DrawnPiece(own, drawn.nats[place], drawn.top_ids[place], drawn.top_logprobs[place])
            piece, stop = stops[text].feed(new)
            if stop.symbols and stop.symbols == vocabulary.end:
                yield Step(text, piece, count, "end", len(stop.symbols), stop)
            elif stop.symbols:
                yield Step(text, piece, count, "stop", len(stop.symbols))
            elif last_reason:
                yield Step(text, piece.joined(stops[text].rest()), count, last_reason)
            else:
                yield Step(text, piece, count)
                going_on.append(place)
        if not going_on:
            return
        if len(going_on) < len(texts):
            texts = [texts[place] for place in going_on]
            streams = streams.keep(going_on)
        count = max(1, min(GROWTH * count, int(count * CHUNK_SECONDS / max(seconds, 1e-6))))
    for text in texts:
        yield Step(text, stops[text].rest(), 0, "length")
