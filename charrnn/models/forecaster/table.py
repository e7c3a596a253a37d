"""Parse tables in CSV whose header names the columns."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError

SEPARATORS = (",", ";", "\t")

SHOWN_OF_CELL = 40
"""Characters of a cell that an error message shows."""

SeriesNumbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A table whose cells are text.

    Attributes:
        names: name of each column.
        rows: the cells of each row.
        lines: line number in the text, from 1, at which each row ends.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def numbers(self, names: Sequence[str], target: str) -> tuple[SeriesNumbers, int]:
        """Convert columns to numbers (rows, columns), and count the rows whose target is known.

        The target may be empty in the last rows, which are the future; there it becomes NaN.

        Raises:
            CorpusError: a column is missing, or a cell of these columns is not a finite number.
        """
        if missing := [name for name in names if name not in self.names]:
            raise CorpusError(
                f"the table must have the column {missing[0]}, not only {', '.join(self.names)}: add it to the header"
            )
        places = [self.names.index(name) for name in names]
        goal, known = self.names.index(target), len(self.rows)
        while known and not self.rows[known - 1][goal]:
            known -= 1
        values = np.full((len(self.rows), len(names)), math.nan)
        for number, row in enumerate(self.rows):
            for column, place in enumerate(places):
                if place != goal or number < known:
                    values[number, column] = self._number(number, place, row[place], target)
        return values, known

    def _number(self, row: int, place: int, cell: str, target: str) -> float:
        try:
            number = math.nan if "_" in cell else float(cell)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        name = self.names[place]
        shown = repr(cell[:SHOWN_OF_CELL]) if cell else "empty"
        advice = "fill it in, or take the row out" if not cell else "correct it"
        if name != target:
            advice += f", or leave the column out with --ignore {name}"
        raise CorpusError(f"line {self.lines[row]}, column {name} must be a finite number, not {shown}: {advice}")


def read_table(text: str) -> Table:
    """Parse a text into a table; empty lines are skipped, and repetitions of the header, as in joined files.

    The separator is a comma, or a semicolon or tab if the header contains more of those. A column without a name is
    called by its position, such as "column 1".

    Raises:
        CorpusError: the header is missing, names repeat, or a line has another number of columns than the header.
    """
    text = text.removeprefix("\ufeff")
    header = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=header.count), strict=True)
    lines: list[int] = []
    rows: list[tuple[str, ...]] = []
    try:
        for cells in reader:
            row = tuple(cell.strip() for cell in cells)
            if not row and rows and len(rows[0]) == 1:
                row = ("",)  # of a single column, an empty line is a missing value
            if row and row not in rows[:1]:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise CorpusError(f"line {reader.line_num} must be CSV, not what it is ({error}): correct it") from None
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise CorpusError("the table must have a header and rows, not nothing: give another file")
    names = tuple(name or f"column {place}" for place, name in enumerate(rows[0], 1))
    if any(map(_is_number, names)):
        shown = next(name for name in names if _is_number(name))
        raise CorpusError(
            f"line {lines[0]} must name the columns, not hold numbers such as {shown}: put a header before it"
        )
    if repeated := [name for name in names if names.count(name) > 1]:
        raise CorpusError(f"the columns must have different names, not {repeated[0]} twice: rename one")
    for line, row in zip(lines[1:], rows[1:], strict=True):
        if len(row) != len(names):
            raise CorpusError(
                f"line {line} must have {len(names)} columns as the header has, not {len(row)}: correct it"
            )
    return Table(names, tuple(rows[1:]), tuple(lines[1:]))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def chosen_columns(table: Table, target: str, ignore: str) -> tuple[str, ...]:
    """The columns to read: the inputs in the table's order, then the target.

    Args:
        table: the table.
        target: name of the target; empty for the last column that is not ignored.
        ignore: names of columns to leave out, with commas between them, quoted as in CSV.

    Raises:
        ConfigError: no column has such a name, or none is left.
    """
    ignored = names_of(ignore)
    for option, name in [("target", target)] * bool(target) + [("ignore", name) for name in ignored]:
        if name not in table.names:
            raise ConfigError(f"{option} must be a column of the table, not {name!r}: its columns are {_all(table)}")
    if target in ignored:
        raise ConfigError(f"ignore must leave the target, not hold {target!r}: take it out of --ignore")
    left = [name for name in table.names if name not in ignored]
    if not left:
        raise ConfigError(f"ignore must leave a column, not hold all of {_all(table)}: leave the target out of it")
    target = target or left[-1]
    return (*(name for name in left if name != target), target)


def names_of(ignore: str) -> list[str]:
    """The column names in the value of the option ``ignore``."""
    return [name.strip() for row in csv.reader([ignore]) for name in row if name.strip()]


def _all(table: Table) -> str:
    return ", ".join(table.names)
