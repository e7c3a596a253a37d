"""Tables in Markdown, which reads as well in a terminal, and JSON files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.turns import Rounds, Summary

RESULTS = Path(__file__).parent.parent / "results"
"""Where JSON goes by default; git ignores it."""

MISSING = "-"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An aligned table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(f"{'-' * (width + 1)}{':' if i else '-'}" for i, width in enumerate(widths))
    return "\n".join([line(heads), f"|{rule}|", *map(line, rows)])


def number(value: float | None) -> str:
    """Three significant digits, thousands kept whole: 0.0123, 4.56, 123, 45,678."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percent(part: float | None) -> str:
    """A part of 1 in percent."""
    return MISSING if part is None else f"{100 * part:.0f} %"


def spread(summary: Summary) -> str:
    """Median, and from where to where the figures go."""
    return f"{summary.median:.2f} ({summary.low:.2f}-{summary.high:.2f})"


def ratio(above: Rounds, below: Rounds) -> str:
    """Speed of ``above`` over that of ``below``, round by round; nothing if one of them was not measured."""
    if not above or not below:
        return MISSING
    pairs = zip(above, below, strict=True)
    return spread(Summary.of([a["chars_per_second"] / b["chars_per_second"] for a, b in pairs]))


def mebibytes(size: float | None) -> str:
    """Bytes as MiB."""
    return MISSING if size is None else f"{size / 2**20:,.1f}"


def write_json(report: dict[str, Any], path: Path) -> None:
    """Write a report, and make its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def marks(name: str) -> tuple[str, str]:
    """The lines around the part of a page that the benchmark ``name`` writes."""
    return f"<!-- benchmarks.{name} -->", f"<!-- end of benchmarks.{name} -->"


def replace_part(path: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of the benchmark ``name`` in a Markdown file.

    Raises:
        BenchmarkError: the file does not hold both.
    """
    first, last = marks(name)
    before, begin, rest = path.read_text().partition(f"{first}\n")
    _, end, after = rest.partition(f"{last}\n")
    if not begin or not end:
        raise BenchmarkError(f"{path} must hold the lines {first} and {last}, in this order")
    path.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")
