"""The most probable answers of a model, by beam search (Graves 2012; Sutskever, Vinyals and Le 2014).

Of each row the K most probable beginnings of answers are kept and continued by every symbol. Where one ends, it is an
answer; it has the probability that the model gives all of its symbols and its end. A longer beginning is never more
probable than a shorter one, so that a row is done when as many answers as asked for are at least as probable as its
best beginning. A row's answers do not depend on the rows beside it.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.kernels.cross_entropy import log_softmax
from charrnn.models.transducer.data import END_OF_ANSWER
from charrnn.models.transducer.decoder import DecoderBuffers
from charrnn.models.transducer.network import EncoderBuffers, Transducer
from charrnn.training.row_batches import RowIds, by_length, padded_rows
from charrnn.workers import share

BEAM = 4
"""Beginnings that are kept by default."""

CONTINUED_AT_ONCE = 256
"""Beginnings that are continued at a time, of all rows together."""

LONGER = 2
"""How many times the longest answer of the data an answer can be."""


class Found(NamedTuple):
    """An answer: its symbols and the log of its probability."""

    score: float
    symbols: tuple[int, ...]


def search(
    network: Transducer,
    rows: Sequence[RowIds],
    beam: int = BEAM,
    top: int = 1,
    before_batch: Callable[[], None] = lambda: None,
) -> list[list[Found]]:
    """For each row of ids its ``top`` answers, the most probable first."""
    answers: list[list[Found]] = [[] for _ in rows]
    width = max(beam, top)
    for chosen in by_length(np.array([len(row) for row in rows], np.int64), max(1, CONTINUED_AT_ONCE // width)):
        before_batch()
        decoding = Decoding(network, [rows[at] for at in chosen], width, top)
        for at, found in zip(chosen, decoding.run(), strict=True):
            answers[at] = found
    return answers


class Decoding:
    """The search for the answers to some rows.

    Args:
        network: the model.
        rows: ids.
        width: K, beginnings of each row that are kept.
        top: answers to each row.
    """

    def __init__(self, network: Transducer, rows: Sequence[RowIds], width: int, top: int) -> None:
        self._network, self._width, self._top = network, width, top
        config, count = network.config, len(rows)
        self._finished: list[list[Found]] = [[] for _ in rows]
        x, lengths = padded_rows(list(rows), count)
        encoded = EncoderBuffers.allocate(config, len(x), count)
        encoded.memory.lengths, ids = lengths, network.in_orders(x, lengths)

        def encode(part: int, parts: int) -> None:
            network.encode(ids, encoded, *share(count, part, parts))

        network.workers.run(encode, most=count)
        room = count * width
        self._memory = encoded.memory
        self._memory.owners = np.repeat(np.arange(count, dtype=np.int32), width)
        self._buffers = DecoderBuffers.allocate(config, 1, room, len(x))
        self._log_probabilities = np.empty((room, config.classes))
        self._ids, self._counts = np.full((1, room), END_OF_ANSWER, np.int32), np.ones(room, np.int32)
        states = [
            tuple(np.repeat(each, width, axis=0) for each in layer) for layer in network.bridge.cut(encoded.states)
        ]
        self._buffers.enter(states, 0, room)

    def run(self) -> list[list[Found]]:
        """The answers to each row, the most probable first."""
        config, width = self._network.config, self._width
        active = np.arange(len(self._finished))
        scores = np.full((len(active), width), -np.inf)
        scores[:, 0] = 0  # all beginnings are the empty one
        written = np.empty((len(active), width, 0), np.int32)
        limit = LONGER * max(1, config.longest)
        for length in range(limit + 1):
            continued = scores[:, :, np.newaxis] + self._step(len(active) * width).reshape(-1, width, config.classes)
            if length:  # no answer is empty
                self._finish(active, continued[:, :, END_OF_ANSWER], written)
            scores, parents, symbols = self._best(continued[:, :, 1:])
            goes_on = scores[:, 0] > self._worst(active)
            if length == limit or not goes_on.any():
                break
            places = np.arange(len(active))[:, np.newaxis]
            written = np.concatenate([written[places, parents], symbols[:, :, np.newaxis]], axis=2)[goes_on]
            self._move((places * width + parents)[goes_on].reshape(-1), symbols[goes_on].reshape(-1))
            active, scores = active[goes_on], scores[goes_on]
        return [sorted(found, reverse=True) for found in self._finished]

    def _step(self, rows: int) -> npt.NDArray[np.float64]:
        """Log probabilities (``rows``, C) of the next symbols."""
        network, buffers = self._network, self._buffers
        log_probabilities = self._log_probabilities[:rows]

        def some(part: int, parts: int) -> None:
            first, last = share(rows, part, parts)
            network.decoder.forward(self._ids, self._memory, self._counts, buffers, first, last)
            log_softmax(buffers.softmax.logits, network.config.classes, log_probabilities, first, last)

        network.workers.run(some, most=rows)
        return log_probabilities

    def _finish(self, active: Array, ended: Array, written: Array) -> None:
        """Keep the beginnings that are among the best answers, if they end here."""
        for place, at in np.argwhere(ended > self._worst(active)[:, np.newaxis]):
            kept = self._finished[active[place]]
            answer = Found(float(ended[place, at]), tuple(written[place, at].tolist()))
            if len(kept) < self._top:
                heapq.heappush(kept, answer)
            else:
                heapq.heappushpop(kept, answer)

    def _worst(self, active: Array) -> npt.NDArray[np.float64]:
        """What an answer's score must exceed to be kept, for each row."""
        kept = (self._finished[row] for row in active)
        return np.array([found[0].score if len(found) == self._top else -np.inf for found in kept])

    def _best(self, continued: Array) -> tuple[Array, Array, Array]:
        """Scores, parents and symbols (rows, K) of the best beginnings, one symbol longer, the best first."""
        rows, _, symbols = continued.shape
        every = continued.reshape(rows, -1)
        order = np.argsort(-every, axis=1, kind="stable")[:, : self._width]
        return np.take_along_axis(every, order, axis=1), order // symbols, (order % symbols + 1).astype(np.int32)

    def _move(self, parents: Array, symbols: Array) -> None:
        """Go on from the states of these beginnings, with these symbols."""
        count, buffers = len(parents), self._buffers
        states = len(self._network.config.stack.cell.state)
        for activations in buffers.stack.activations:
            for state in activations[1 : 1 + states]:
                state[0, :count] = state[1, parents]
        buffers.seen[0, :count] = buffers.seen[1, parents]
        self._memory.owners[:count] = self._memory.owners[parents]
        self._ids[0, :count] = symbols
