"""Time series: columns of numbers, of which the target is to be predicted and the inputs are given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.errors import ConfigError, CorpusError
from charrnn.models.forecaster.table import SeriesNumbers, Table, chosen_columns, read_table
from charrnn.text.corpus import Corpus

LEAST_ROWS = 4
"""Least rows of a series."""


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """A series as the table has it, in the units of its columns.

    Attributes:
        values: (N, columns): the inputs, then the target, which is NaN in future rows.
        known: number of rows whose target is known; they come first.
    """

    values: SeriesNumbers
    known: int

    @property
    def target(self) -> SeriesNumbers:
        """The known values (known,) of the target."""
        found: SeriesNumbers = self.values[: self.known, -1]
        return found

    def standardised(self, config: Any) -> tuple[SeriesNumbers, SeriesNumbers]:
        """Inputs (N, F) and target (N,), minus the mean and divided by the deviation; see ``SeriesConfig``."""
        scaled = (self.values - np.array(config.means)) / np.array(config.deviations)
        return scaled[:, :-1], scaled[:, -1]


@dataclass(frozen=True, eq=False)
class Part:
    """A range of rows of a series whose targets are to be predicted; its length is the number of these rows.

    Attributes:
        whole: the series.
        first: the first row.
        last: one beyond the last row.
    """

    whole: TimeSeries
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


class SeriesData:
    """The series in a corpus; a ``charrnn.kinds.contract.Data``.

    Args:
        corpus: the text of a table.
        options: ``target``, ``ignore`` and ``val_fraction``.
        default_fraction: the validation fraction if ``options`` have none.

    Raises:
        CorpusError: the table is malformed, or too short.
        ConfigError: a column that an option names is missing.
    """

    def __init__(self, corpus: Corpus, options: Mapping[str, Any], default_fraction: float) -> None:
        if corpus.min_count > 1:
            raise ConfigError("min_count would change numbers: leave it out")
        self._vocabulary = corpus.vocabulary
        table = read_table(corpus.vocabulary.decode(corpus.ids[:]))
        self._names = chosen_columns(table, options.get("target") or "", options.get("ignore") or "")
        self._numbering = table.names[0] if numbers_rows(table, self._names) else ""
        self._names = tuple(name for name in self._names if name != self._numbering)
        self.series = TimeSeries(*table.numbers(self._names, self._names[-1]))
        if self.series.known < LEAST_ROWS:
            raise CorpusError(
                f"the table must have at least {LEAST_ROWS} rows with a value of {self._names[-1]}, "
                f"not {self.series.known}: give a longer series"
            )
        fraction = options.get("val_fraction")
        self._fraction = default_fraction if fraction is None else fraction

    def fields(self) -> dict[str, Any]:
        """Fields of the config: the columns, with means and deviations of the training part; see ``Data``."""
        rows = self.series.values[: cut_of_series(self.series.known, self._fraction)]
        with np.errstate(over="ignore", invalid="ignore"):
            means, deviations = rows.mean(axis=0), rows.std(axis=0)
        if not np.isfinite([means, deviations]).all():
            name = self._names[int(np.argmin(np.isfinite(means + deviations)))]
            raise CorpusError(f"column {name} must have a finite mean and deviation, not such large numbers: scale it")
        return {
            "vocab_size": len(self._vocabulary),
            "column_names": self._names,
            "means": tuple(map(float, means)),
            "deviations": tuple(float(deviation) or 1.0 for deviation in deviations),
        }

    def split(self, val_fraction: float) -> tuple[Part, Part]:
        """Take the last known rows for validation; see ``Data``."""
        known = self.series.known
        cut = cut_of_series(known, val_fraction)
        return Part(self.series, 0, cut), Part(self.series, cut, known)

    def notes(self, train: Part, validation: Part, val_fraction: float) -> Iterator[str]:
        """Name the target and the inputs, and columns that are left out or constant; see ``Data``."""
        *inputs, target = self._names
        given = f", given {', '.join(inputs)}" if inputs else ""
        yield f"{target} is to be predicted{given}"
        if self._numbering:
            yield f"column {self._numbering} numbers the rows: it is left out"
        if future := len(self.series.values) - self.series.known:
            yield f"{future:,} rows at the end have no {target}: they are the future"
        rows = self.series.values[: train.last]
        for name in (name for name, same in zip(self._names, (rows == rows[0]).all(axis=0), strict=True) if same):
            yield f"column {name} is constant: it tells nothing"


def numbers_rows(table: Table, names: Sequence[str]) -> bool:
    """Whether the first column is an input that only numbers the rows, such as a year: it grows by a constant.

    A network that reads such a column would meet values in the future that it has never seen.
    """
    first, target = table.names[0], names[-1]
    if first == target or first not in names or len(table.rows) < LEAST_ROWS:
        return False
    try:
        steps = np.diff([float(row[0]) for row in table.rows])
    except ValueError:
        return False
    return bool(steps[0]) and bool((steps == steps[0]).all())


def cut_of_series(known: int, val_fraction: float) -> int:
    """Number of known rows to train on; the others validate."""
    return known - min(round(known * val_fraction), known - 2)


def continued(before: TimeSeries | None, given: TimeSeries) -> tuple[TimeSeries, int]:
    """Append rows to the series ``before``, unless they already begin with it.

    Returns:
        The whole series, and how many of its known rows come from ``before``.
    """
    if before is None:
        return given, 0
    rows = before.values[: before.known]
    if given.known >= before.known and np.array_equal(given.values[: before.known], rows):
        return given, before.known
    return TimeSeries(np.concatenate([rows, given.values]), before.known + given.known), before.known


def series_in(text: str, config: Any) -> TimeSeries:
    """Parse the text of a table into the series that a model reads.

    Raises:
        CorpusError: the table is malformed, or lacks a column that the model reads.
    """
    return TimeSeries(*read_table(text).numbers(config.column_names, config.column_names[-1]))
