"""Batches of rows that are read whole, such as words.

Rows of similar length are in the same batch, so that little of it is padding.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from charrnn.text.batches import Batch
from charrnn.training.settings import TrainingSettings

POOL = 32
"""Number of batches whose rows are sorted by length together."""

RowIds = npt.NDArray[np.int32]
"""(N,) ids of a row."""

Chosen = npt.NDArray[np.int64]
"""Indices of the rows in a batch."""


class RowBatches:
    """A ``charrnn.text.batches.Batches`` of rows, which are shuffled in each epoch.

    Args:
        lengths: (N,) steps of each row.
        settings: batch size and seed.
        collate: makes a batch from the indices of its rows, which may be fewer than the batch size.
        keys: (N,) numbers by which rows are sorted; None for their lengths.
    """

    def __init__(
        self,
        lengths: npt.NDArray[np.int64],
        settings: TrainingSettings,
        collate: Callable[[Chosen], Batch],
        keys: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self._lengths, self._settings, self._collate = lengths, settings, collate
        self._keys = lengths if keys is None else keys
        self._order: list[Chosen] = []

    def __len__(self) -> int:
        return math.ceil(len(self._lengths) / self._settings.batch_size)

    @property
    def longest(self) -> int:
        """Steps of the longest batch; see ``Batches``."""
        return int(self._lengths.max())

    def begin_epoch(self, epoch: int) -> None:
        """Shuffle the rows for an epoch; see ``Batches``."""
        random = np.random.default_rng((self._settings.rng_seed, epoch))
        self._order = bucketed(self._keys, self._settings.batch_size, random)

    def batch(self, number: int, step: int) -> Batch:
        """Make the batch ``number`` of the epoch; see ``Batches``."""
        return self._collate(self._order[number])


def bucketed(lengths: npt.NDArray[np.int64], batch_size: int, random: np.random.Generator) -> list[Chosen]:
    """Put rows of similar length into batches, in random order; returns the row indices of each batch.

    All rows are shuffled. Then each pool of rows for POOL batches is sorted by length and cut into batches. At last,
    the batches are shuffled.
    """
    order = random.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), POOL * batch_size):
        some = order[start : start + POOL * batch_size]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[first : first + batch_size] for first in range(0, len(some), batch_size)]
    return [batches[at] for at in random.permutation(len(batches))]


def by_length(lengths: npt.NDArray[np.int64], batch_size: int) -> Iterator[Chosen]:
    """Yield the row indices of batches of similar length, the shortest rows first."""
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), batch_size):
        yield order[first : first + batch_size]


def padded_rows(rows: list[npt.NDArray[np.int32]], room: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Put rows of ids side by side, as columns of an array for ``room`` rows.

    Returns:
        The ids (T, room), with T steps of the longest row and 0 as padding; and the lengths (room,), 0 beyond the last
        row.
    """
    lengths = np.zeros(room, np.int32)
    lengths[: len(rows)] = [len(row) for row in rows]
    ids = np.zeros((int(lengths.max(initial=1)), room), np.int32)
    for column, row in enumerate(rows):
        ids[: len(row), column] = row
    return ids, lengths


def reversed_rows(ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Reverse each row of ids (T, B) within its own length; padding stays at the end."""
    if len(lengths) == 1 and lengths[0] == len(ids):  # a single row is often asked for
        return np.ascontiguousarray(ids[::-1])
    steps = np.arange(len(ids), dtype=np.int32)[:, np.newaxis]
    places = np.where(steps < lengths, lengths - 1 - steps, steps)
    return np.ascontiguousarray(np.take_along_axis(ids, places, axis=0))
