"""Batches of rows that are read whole, such as words, bucketed by length: little of a batch is padding."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from charrnn.text.batches import Batch
from charrnn.training.settings import TrainingSettings

POOL = 32
"""Batches whose rows are sorted by length together."""

RowIds = npt.NDArray[np.int32]
"""(N,) ids of a row."""

Chosen = npt.NDArray[np.int64]
"""Numbers of the rows of a batch."""


class RowBatches:
    """A ``charrnn.text.batches.Batches`` of rows in another order in each epoch.

    Args:
        lengths: (N,) steps of each row.
        settings: batch and seed.
        collate: makes the batch of some rows, of which there may be fewer than a batch has room for.
        keys: (N,) by which rows are sorted, where that is not their lengths.
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
    """Rows in batches of about equal length, in random order.

    All rows are shuffled; the rows of POOL batches are sorted by length and cut into batches; then the batches are
    shuffled.
    """
    order = random.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), POOL * batch_size):
        some = order[start : start + POOL * batch_size]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[first : first + batch_size] for first in range(0, len(some), batch_size)]
    return [batches[at] for at in random.permutation(len(batches))]


def by_length(lengths: npt.NDArray[np.int64], batch_size: int) -> Iterator[Chosen]:
    """All rows in batches of about equal length, the shortest first."""
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), batch_size):
        yield order[first : first + batch_size]


def padded_rows(rows: list[npt.NDArray[np.int32]], room: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Rows of ids side by side.

    Returns:
        (T, room) ids, 0 for padding, T that of the longest row; and (room,) lengths, 0 beyond the last row.
    """
    lengths = np.zeros(room, np.int32)
    lengths[: len(rows)] = [len(row) for row in rows]
    ids = np.zeros((int(lengths.max(initial=1)), room), np.int32)
    for column, row in enumerate(rows):
        ids[: len(row), column] = row
    return ids, lengths


def reversed_rows(ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Ids (T, B), each row reversed within its own length."""
    steps = np.arange(len(ids), dtype=np.int32)[:, np.newaxis]
    places = np.where(steps < lengths, lengths - 1 - steps, steps)
    return np.ascontiguousarray(np.take_along_axis(ids, places, axis=0))
