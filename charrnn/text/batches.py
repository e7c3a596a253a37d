"""Batches: the data of one training step, for every kind of model."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Batch:
    """T steps of B independent rows.

    Attributes:
        inputs: (T, B, ...) ids or numbers.
        targets: (T', B, ...) targets of the last T' steps; earlier steps are burn-in. Padding must be a valid id.
        weights: (T', B) weight of each prediction, 0 for padding; None if all are 1.
        reset: (B,) whether a row starts from the initial state; None if no row does.
        advance: number of steps after which the next batch begins; None for all T.
        lengths: (B,) int32 number of steps of each row, followed by padding; 0 for a row that is only padding. None if
            all rows have T steps.
    """

    inputs: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None = None
    reset: npt.NDArray[np.bool_] | None = None
    advance: int | None = None
    lengths: npt.NDArray[np.int32] | None = None

    @property
    def burn_in(self) -> int:
        """Number of steps at the start whose predictions do not count."""
        return len(self.inputs) - len(self.targets)

    @property
    def predictions(self) -> int:
        """Number of predictions that count."""
        size: int = self.targets.shape[0] * self.targets.shape[1]
        return size if self.weights is None else int(np.count_nonzero(self.weights))

    @property
    def characters(self) -> int:
        """The unit of training speed: characters that are read if rows have lengths, else predictions that count."""
        return self.predictions if self.lengths is None else int(self.lengths.sum())

    @property
    def weight(self) -> float:
        """Sum of the predictions' weights, by which the mean loss is divided."""
        return float(self.targets.shape[0] * self.targets.shape[1] if self.weights is None else self.weights.sum())

    def rows(self, first: int, last: int) -> "Batch":
        """The batch of the rows ``first`` to ``last`` alone; it has as many steps."""
        own: dict[str, Any] = {}
        for each in fields(self):
            array = getattr(self, each.name)
            if isinstance(array, np.ndarray):
                own[each.name] = np.ascontiguousarray(array[first:last] if array.ndim == 1 else array[:, first:last])
        return replace(self, **own)


@dataclass(frozen=True, eq=False)
class PairBatch(Batch):
    """Rows of an input and of a target sequence with another length.

    ``inputs`` are (S, B), and ``lengths`` are those of the inputs; ``targets`` and ``weights`` are (T, B).

    Attributes:
        written: (T, B) the id that the decoder reads before each target.
        counts: (B,) int32 number of targets of each row; 0 for a row that is only padding.
    """

    written: npt.NDArray[Any] = field(default_factory=lambda: np.empty((0, 0), np.int32))
    counts: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    @property
    def characters(self) -> int:
        """Symbols read plus symbols predicted; see ``Batch``."""
        return super().characters + int(self.counts.sum())


class Batches(Protocol):
    """The batches of an epoch, by number; their random order depends only on the run's seed."""

    def __len__(self) -> int:
        """Return the number of batches."""

    @property
    def longest(self) -> int:
        """Number of steps of the longest batch."""

    def begin_epoch(self, epoch: int) -> None:
        """Put the data into the order of an epoch."""

    def batch(self, number: int, step: int) -> Batch:
        """Make batch ``number`` of the epoch, which is batch ``step`` of the run."""
