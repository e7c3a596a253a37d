"""The units of pairs, and their alignment.

A unit is a piece of 1 or 2 symbols of an input and a piece of 0 to 2 symbols of its answer (a graphone: Bisani and Ney
2008, "Joint-sequence models for grapheme-to-phoneme conversion"). The probabilities of the units are learned by
expectation maximisation over all alignments of the pairs. Then each pair is cut as in its most probable alignment.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError
from charrnn.kernels.alignment import EDGES, MOVES, align_pair, expect, write_keys
from charrnn.kernels.arrays import Array
from charrnn.training.row_batches import RowIds

MOST_CELLS = 10_000
"""Cells of the largest lattice that is aligned; a longer pair is left out."""

MOST_TAUGHT = 1_200_000
"""Most cells of all lattices together from which the units' probabilities are learned."""

EM_PASSES = 8
"""Passes of expectation maximisation; later ones change few alignments."""

PIECE = max(max(move) for move in MOVES)
"""Most symbols of a unit's pieces."""


class Units(NamedTuple):
    """U units.

    Attributes:
        keys: (U,) sorted; see ``charrnn.kernels.alignment``.
        logp: (U,) log probabilities.
        V: number of symbols of inputs.
        W: number of symbols of answers.
    """

    keys: npt.NDArray[np.int64]
    logp: npt.NDArray[np.float64]
    V: int
    W: int

    def pieces(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Each unit's piece of the input and of the answer."""
        rest, digits = self.keys.copy(), []
        for base in (self.W + 1, self.W + 1, self.V + 1, self.V + 1):
            digits.append(rest % base)
            rest //= base
        y2, y1, x2, x1 = digits
        return [
            (tuple(int(at) - 1 for at in (a, b) if at), tuple(int(at) - 1 for at in (c, d) if at))
            for a, b, c, d in zip(x1, x2, y1, y2, strict=True)
        ]

    def align(self, given: Sequence[RowIds], wanted: Sequence[RowIds]) -> list[Array | None]:
        """The places of the units of each pair; None for a pair that known units do not align."""
        found: list[Array | None] = [None] * len(given)
        places = [at for at, (x, y) in enumerate(zip(given, wanted, strict=True)) if can_align(x, y)]
        n, m = (max((len(rows[at]) for at in places), default=0) for rows in (given, wanted))
        best, chosen, units = np.empty((n + 1, m + 1)), np.empty((n + 1, m + 1), np.int64), np.empty(n, np.int64)
        for at in places:
            count = align_pair(given[at], wanted[at], self.V, self.W, self.keys, self.logp, best, chosen, units)
            if count > 0:
                found[at] = units[:count].astype(np.int32)
        return found


def can_align(x: RowIds, y: RowIds) -> bool:
    """Whether two sequences can be aligned: they are not too long, and the second one at most twice as long."""
    return len(x) > 0 and len(y) <= PIECE * len(x) and (len(x) + 1) * (len(y) + 1) <= MOST_CELLS


def most_key(V: int, W: int) -> int:
    """One beyond the largest key of a unit."""
    key: int = ((V + 1) * (W + 1)) ** PIECE
    return key


def learn_units(given: Sequence[RowIds], wanted: Sequence[RowIds], V: int, W: int) -> Units:
    """Learn the units of pairs.

    Args:
        given: ids below V of each input.
        wanted: ids below W of each answer.
        V: number of symbols of inputs.
        W: number of symbols of answers.

    Raises:
        CorpusError: no pair can be aligned.
    """
    if most_key(V, W) > np.iinfo(np.int64).max:
        raise CorpusError(f"{V:,} symbols given and {W:,} in answers are too many to be aligned: choose model rnn")
    places = [at for at, (x, y) in enumerate(zip(given, wanted, strict=True)) if can_align(x, y)]
    if not places:
        raise CorpusError(
            f"no pair can be aligned, as every answer has more than {PIECE} symbols for each symbol of what is given, "
            f"or both are long: choose model rnn"
        )
    lengths = np.array([(len(given[at]), len(wanted[at])) for at in places], np.int64)
    stride = -(-int((lengths + 1).prod(axis=1).sum()) // MOST_TAUGHT)
    places, lengths = places[::stride], lengths[::stride]
    starts = np.concatenate([[0], np.cumsum((lengths + 1).prod(axis=1) * EDGES)])
    edges = np.empty(starts[-1], np.int64)
    for number, at in enumerate(places):
        write_keys(given[at], wanted[at], V, W, edges[starts[number] : starts[number + 1]])
    keys, edges = np.unique(edges, return_inverse=True)
    if keys[0] == -1:
        keys, edges = keys[1:], edges - 1
    logp = np.full(len(keys), -np.log(len(keys)))
    room = np.empty((2, *(lengths.max(axis=0) + 1)))
    for _ in range(EM_PASSES):
        counts = np.zeros(len(keys))
        expect(edges, starts[:-1], lengths, logp, *room, counts)
        logp = np.log(np.maximum(counts, np.finfo(np.float64).tiny) / counts.sum())
    return Units(keys, logp, V, W)
