"""Search for the answers to which a joint n-gram model gives the highest probability.

A hypothesis is a sequence of units that spells the beginning of an input. Those of all rows that have read equally much
are extended together, and of each row the K most probable ones are kept. Hypotheses that spell the whole input and the
same answer are added up at the end.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.state import State
from charrnn.models.ngram.counts import NGram
from charrnn.models.pair_ngram.units import PIECE, Units
from charrnn.models.transducer.search import Found
from charrnn.training.row_batches import RowIds, by_length

ROWS_TOGETHER = 32

UNREAD = -30.0
"""Log probability of a symbol that no unit reads; it is left out of the answer."""


class Hypothesis(NamedTuple):
    """The beginning of an answer."""

    score: float
    symbols: tuple[int, ...]
    context: Array
    """Its units but the last, as in a state of the n-gram model."""
    last: int
    """Its last unit."""


class JointSearch:
    """The search with the units and the n-gram model of their places."""

    def __init__(self, units: Units, model: NGram) -> None:
        self._model, self._end = model, len(units.keys)
        self._answers = [answer for _, answer in units.pieces()]
        reading: dict[tuple[int, ...], list[int]] = {}
        for place, (given, _) in enumerate(units.pieces()):
            reading.setdefault(given, []).append(place)
        self._reading = {given: np.array(places) for given, places in reading.items()}

    def find(self, rows: Sequence[RowIds], beam: int, top: int, before_batch: Callable[[], None]) -> list[list[Found]]:
        """The ``top`` answers to each row of ids without an end, the most probable first."""
        found: list[list[Found]] = [[] for _ in rows]
        for chosen in by_length(np.array([len(row) for row in rows], np.int64), ROWS_TOGETHER):
            before_batch()
            some = [tuple(map(int, rows[at])) for at in chosen]
            for at, ended in zip(chosen, self._ended(some, beam), strict=True):
                found[at] = added_by_answer(ended, top)
        return found

    def _ended(self, rows: list[tuple[int, ...]], beam: int) -> list[list[Hypothesis]]:
        """The hypotheses that have read a whole row, for each row."""
        length = max(map(len, rows))
        kept: list[list[list[Hypothesis]]] = [[[] for _ in rows] for _ in range(length + PIECE + 1)]
        context = np.full(self._model.initial_state(1)[0][0].shape[1], self._end + 1, np.int32)
        for own in kept[0]:
            own.append(Hypothesis(0.0, (), context, self._end))
        ended: list[list[Hypothesis]] = [[] for _ in rows]
        for read in range(length + 1):
            some = [
                (number, one)
                for number, own in enumerate(kept[read])
                for one in heapq.nlargest(beam, own, key=lambda one: (one.score, one.symbols))
            ]
            kept[read] = []
            if not some:
                continue
            logp, contexts = self._advanced([one for _, one in some])
            for (number, one), own, after in zip(some, logp, contexts, strict=True):
                row = rows[number]
                if read == len(row):
                    ended[number].append(one._replace(score=one.score + own[self._end]))
                    continue
                for size in range(1, PIECE + 1):
                    piece = row[read : read + size]
                    if len(piece) == size and (places := self._reading.get(piece)) is not None:
                        into = kept[read + size][number]
                        into.extend(self._extended(one, places, own[places], after, beam))
                if row[read : read + 1] not in self._reading:
                    kept[read + 1][number].append(one._replace(score=one.score + UNREAD))
        return ended

    def _extended(self, one: Hypothesis, places: Array, logp: Array, context: Array, beam: int) -> list[Hypothesis]:
        order = np.argsort(-logp, kind="stable")[:beam]
        return [
            Hypothesis(one.score + float(logp[at]), one.symbols + self._answers[place], context, place)
            for at, place in zip(order, map(int, places[order]), strict=True)
        ]

    def _advanced(self, some: list[Hypothesis]) -> tuple[Array, Array]:
        """The log probabilities (N, U + 1) of what follows each hypothesis, and their contexts after its last unit."""
        state: State = [(np.array([one.context for one in some], np.int32).reshape(len(some), -1),)]
        x = np.array([[one.last for one in some]], np.int32)
        buffers = self._model.run(x, state, self._model.buffers(1, len(some)))
        return buffers.logits[0, :, : self._end + 1], state[0][0]


def added_by_answer(ended: Sequence[Hypothesis], top: int) -> list[Found]:
    """The ``top`` most probable answers of hypotheses, each with the sum of those that spell it.

    Their probabilities are given the input, whose own probability is about that of all hypotheses together.
    """
    whole = np.logaddexp.reduce([one.score for one in ended])
    scores: dict[tuple[int, ...], float] = {}
    for one in ended:
        scores[one.symbols] = float(np.logaddexp(scores.get(one.symbols, -np.inf), one.score))
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:top]
    return [Found(score - whole, symbols) for symbols, score in best]
