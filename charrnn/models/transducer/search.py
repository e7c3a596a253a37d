"""Beam search for the most probable answers (Graves 2012; Sutskever, Vinyals and Le 2014).

For each row, the K most probable hypotheses (beginnings of answers) are kept, and each is extended by every symbol. A
hypothesis that is extended by the end becomes an answer, whose probability is the product over its symbols and its end.
A hypothesis never becomes more probable when it is extended. So the search for a row stops when it has as many answers
as asked for, all at least as probable as the row's best hypothesis. A row's answers do not depend on the other rows of
the batch.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.kernels.beam import extend
from charrnn.kernels.cross_entropy import log_softmax
from charrnn.kernels.jit import Prepared
from charrnn.models.transducer.data import END_OF_ANSWER
from charrnn.models.transducer.decoder import DecoderBuffers
from charrnn.models.transducer.network import EncoderBuffers, Transducer
from charrnn.training.row_batches import RowIds, by_length, padded_rows
from charrnn.workers import share

BEAM = 4
"""Default number of hypotheses to keep for each row."""

CONTINUED_AT_ONCE = 256
"""Most hypotheses that are extended at a time, over all rows together."""

ROWS_OF_A_THREAD = 16
"""Least hypotheses that a further thread pays for: with fewer, waiting for it takes longer than its part."""

LONGER = 2
"""Most symbols of an answer, as a multiple of the longest answer in the data."""


_extend = Prepared(extend)


class Found(NamedTuple):
    """An answer: the log of its probability, and its symbols without the end."""

    score: float
    symbols: tuple[int, ...]


def search(
    network: Transducer,
    rows: Sequence[RowIds],
    beam: int = BEAM,
    top: int = 1,
    before_batch: Callable[[], None] = lambda: None,
) -> list[list[Found]]:
    """Find the ``top`` answers to each row of ids, the most probable first; ``before_batch`` may raise to stop."""
    answers: list[list[Found]] = [[] for _ in rows]
    width = max(beam, top)
    for chosen in by_length(np.array([len(row) for row in rows], np.int64), max(1, CONTINUED_AT_ONCE // width)):
        before_batch()
        some = [rows[at] for at in chosen]
        with network.spare.lent(max(map(len, some)), len(some), width) as buffers:
            found = Decoding(network, some, width, top, *buffers).run()
        for at, of_row in zip(chosen, found, strict=True):
            answers[at] = of_row
    return answers


class Decoding:
    """The beam search for the answers to some rows.

    Args:
        network: the model.
        rows: ids of each row.
        width: K, the number of hypotheses kept for each row.
        top: number of answers to each row.
        encoded_of: ``encoded_of(steps)`` are arrays for all steps of the rows.
        buffers: arrays for one step of ``width`` hypotheses of each row.
    """

    def __init__(
        self,
        network: Transducer,
        rows: Sequence[RowIds],
        width: int,
        top: int,
        encoded_of: Callable[[int], EncoderBuffers],
        buffers: DecoderBuffers,
    ) -> None:
        self._network, self._width, self._top = network, width, top
        config, count = network.config, len(rows)
        self._finished: list[list[Found]] = [[] for _ in rows]
        self._worst = np.full(count, -np.inf)
        """The score that an answer must exceed to be stored, for each row."""
        x, lengths = padded_rows(list(rows), count)
        encoded = encoded_of(len(x))
        encoded.memory.lengths, ids = lengths, network.in_orders(x, lengths)

        def encode(part: int, parts: int) -> None:
            network.encode(ids, encoded, *share(count, part, parts))

        network.workers.run(encode, most=count)
        room = count * width
        self._memory = encoded.memory
        self._memory.owners = np.repeat(np.arange(count, dtype=np.int32), width)
        self._buffers = buffers
        self._log_probabilities = np.empty((room, config.classes))
        of_extended = np.float64, np.float64, np.int64, np.int32
        self._extended = [np.empty((count, width), dtype) for dtype in of_extended]
        self._ids, self._counts = np.full((1, room), END_OF_ANSWER, np.int32), np.ones(room, np.int32)
        states = [
            tuple(np.repeat(each, width, axis=0) for each in layer) for layer in network.bridge.cut(encoded.states)
        ]
        buffers.enter(states, 0, room)
        buffers.seen[0] = 0

    def run(self) -> list[list[Found]]:
        """Search; returns the answers to each row, the most probable first."""
        width, count = self._width, len(self._finished)
        active, scores = np.arange(count), np.full((count, width), -np.inf)
        scores[:, 0] = 0  # at first, only one of the K hypotheses counts: all are empty
        written = np.empty((count, width, 0), np.int32)
        limit = LONGER * max(1, self._network.config.longest)
        for length in range(limit + 1):
            ended, best, parents, symbols = (array[: len(active)] for array in self._extended)
            _extend(scores, self._step(len(active) * width), ended, best, parents, symbols)
            worst = self._worst[active]
            if length and (ended > worst[:, np.newaxis]).any():  # no answer is empty
                self._finish(active, ended, written)
                worst = self._worst[active]
            goes_on = best[:, 0] > worst
            if length == limit or not goes_on.any():
                break
            kept, places = (parents + width * np.arange(len(active))[:, np.newaxis])[goes_on], symbols[goes_on]
            written = np.concatenate(
                [written.reshape(len(active) * width, length)[kept], places[:, :, np.newaxis]], axis=2
            )
            self._move(kept.reshape(-1), places.reshape(-1))
            active, scores = active[goes_on], best[goes_on]
        return [sorted(found, reverse=True) for found in self._finished]

    def _step(self, rows: int) -> npt.NDArray[np.float64]:
        """Compute the log probabilities (``rows``, C) of the next symbol after each hypothesis."""
        network, buffers = self._network, self._buffers
        log_probabilities = self._log_probabilities[:rows]

        def some(part: int, parts: int) -> None:
            first, last = share(rows, part, parts)
            network.decoder.forward(self._ids, self._memory, self._counts, buffers, first, last)
            log_softmax(buffers.softmax.logits, network.config.classes, log_probabilities, first, last)

        network.workers.run(some, most=rows // ROWS_OF_A_THREAD)
        return log_probabilities

    def _finish(self, active: Array, ended: Array, written: Array) -> None:
        """Store the hypotheses that, ended here, are among the row's best answers."""
        for place, at in np.argwhere(ended > self._worst[active][:, np.newaxis]):
            kept = self._finished[active[place]]
            answer = Found(float(ended[place, at]), tuple(written[place, at].tolist()))
            if len(kept) < self._top:
                heapq.heappush(kept, answer)
            else:
                heapq.heappushpop(kept, answer)
            if len(kept) == self._top:
                self._worst[active[place]] = kept[0].score

    def _move(self, parents: Array, symbols: Array) -> None:
        """Continue with the hypotheses that extend ``parents`` by ``symbols``: copy the parents' states."""
        count, buffers = len(parents), self._buffers
        states = len(self._network.config.stack.cell.state)
        for activations in buffers.stack.activations:
            for state in activations[1 : 1 + states]:
                state[0, :count] = state[1, parents]
        buffers.seen[0, :count] = buffers.seen[1, parents]
        self._memory.owners[:count] = self._memory.owners[parents]
        self._ids[0, :count] = symbols
