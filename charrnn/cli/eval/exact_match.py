"""The table of correct answers by the length of the question."""

from collections.abc import Iterable, Iterator
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

from charrnn.cli.shared.output import table

if TYPE_CHECKING:
    from charrnn.scoring.exact_match import ExactMatch

MOST_ROWS = 20
"""The most lengths with a row each; if there are more, a row covers a range with ends 10, 20, 50, 100, ..."""

ANSWER_HEADINGS = ("length", "asked", "right", "share")

LengthRow = tuple[int, int, int, int]
"""The least and the greatest length, and the numbers of questions asked and answered correctly."""


def exact_match_as_json(answers: "ExactMatch") -> dict[str, Any]:
    """Return the result as JSON values, with an entry for every length."""
    lengths = [(asked, answers.right[length], length) for length, asked in sorted(answers.asked.items())]
    return {
        **_figures(answers.asked.total(), answers.right.total()),
        "lengths": [{"length": length, **_figures(asked, right)} for asked, right, length in lengths],
    }


def _figures(asked: int, right: int) -> dict[str, float]:
    return {"asked": asked, "right": right, "share": right / asked}


def exact_match_as_table(answers: "ExactMatch") -> Iterable[str]:
    """Format the result: a row for each length or range of lengths, and one for all."""
    rows = [(f"{low}-{high}" if low < high else f"{low}", asked, right) for low, high, asked, right in _rows(answers)]
    rows.append(("all", answers.asked.total(), answers.right.total()))
    shown = [(name, f"{asked:,}", f"{right:,}", f"{right / asked:.2%}") for name, asked, right in rows]
    return table([ANSWER_HEADINGS, *shown])


def _rows(answers: "ExactMatch") -> Iterator[LengthRow]:
    lengths = sorted(answers.asked)
    if len(lengths) <= MOST_ROWS:
        yield from ((length, length, answers.asked[length], answers.right[length]) for length in lengths)
        return
    for above, high in pairwise(_borders(lengths[-1])):
        within = [length for length in lengths if above < length <= high]
        if within:
            asked, right = (sum(counts[length] for length in within) for counts in (answers.asked, answers.right))
            yield within[0], within[-1], asked, right


def _borders(greatest: int) -> Iterator[int]:
    """Yield -1, 10, 20, 50, 100, 200, ..., up to the first that is at least ``greatest``."""
    yield -1
    for power in count(1):
        for factor in (1, 2, 5):
            yield factor * 10**power
            if factor * 10**power >= greatest:
                return
