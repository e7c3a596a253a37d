"""How good a model's answers are, beside those of its rivals."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charrnn.cli.shared.output import table

if TYPE_CHECKING:
    from charrnn.kinds.evaluation import Evaluation


def evaluation_as_json(evaluation: "Evaluation") -> dict[str, Any]:
    """All figures."""
    return {"of": evaluation.count, **evaluation.figures, "details": evaluation.details}


def evaluation_as_table(evaluation: "Evaluation", details: tuple[str, ...]) -> Iterator[str]:
    """A column for the model and one for each rival; then the tables of these details."""
    yield evaluation.count
    rows = [("", *evaluation.figures)]
    for name, title in evaluation.titles.items():
        cells = (figures.get(name) for figures in evaluation.figures.values())
        rows.append((title, *("-" if cell is None else f"{cell:.4f}" for cell in cells)))
    yield from table(rows)
    for title in details:
        if title in evaluation.details:
            yield title
            yield from table([tuple(map(str, row)) for row in evaluation.details[title]])
