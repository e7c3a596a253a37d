"""Reports of an evaluation: figures of the model's predictions beside those of its baselines."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charrnn.cli.shared.output import table

if TYPE_CHECKING:
    from charrnn.kinds.evaluation import Evaluation


def evaluation_as_json(evaluation: "Evaluation") -> dict[str, Any]:
    """Return all figures and details as JSON values."""
    return {"of": evaluation.count, **evaluation.figures, "details": evaluation.details}


def evaluation_as_table(evaluation: "Evaluation", details: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table with columns for the model and each baseline, and of the tables of ``details``."""
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
