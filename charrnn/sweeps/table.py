"""What came out of a sweep: a row for each run, and seeds folded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from charrnn.errors import RunError
from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric
from charrnn.storage.metrics import read_metrics
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.spec import SEED, with_seed

FIGURES = ("steps_done", "minutes_taken", "chars_per_second")
"""Beside the best value. None has the name of an option, which may stand beside it."""


@dataclass(frozen=True)
class Row:
    """A run, or several that differ in their seeds only.

    Attributes:
        run: its name; of several, what they have in common.
        options: what was swept, by the long names of options.
        figures: by their names; None where there is none yet; of several runs, the median.
        state: waiting, cut, done, failed or pruned; of several runs, how many of each.
        seeds: how many different ones.
        spread: of several seeds, the difference between the highest and the lowest best value.
        metric: what the run is measured by.
    """

    run: str
    options: dict[str, Any]
    figures: dict[str, float | None]
    state: str
    seeds: int = 1
    spread: float | None = None
    metric: Metric = BITS_PER_CHARACTER

    @property
    def best(self) -> float | None:
        """The best value of the metric."""
        return self.figures[best_in(self.metric)]

    def to_dict(self) -> dict[str, Any]:
        """Flat, as JSON and CSV hold it."""
        return {
            "run": self.run,
            **self.options,
            **self.figures,
            "spread": self.spread,
            "seeds": self.seeds,
            "state": self.state,
        }


def rows_of(folder: SweepFolder) -> list[Row]:
    """A row for each run of a sweep, the best first.

    Raises:
        RunError: there is no sweep, or it has no run yet.
    """
    plan = folder.plan()
    if not plan:
        raise RunError(f"the sweep in {folder.folder} was stopped before its first run: start it again")
    states = folder.states(plan)
    keys = list(dict.fromkeys(key for run in plan for key in run.swept))
    return best_first(_row(folder, run, keys, states[run.name]) for run in plan)


def fold(rows: Sequence[Row]) -> list[Row]:
    """One row for those that differ in their seeds only, the best first; what was trained twice counts once."""
    groups: dict[tuple[Any, ...], dict[Any, Row]] = {}
    for row in best_first(rows):
        key = tuple((name, str(value)) for name, value in row.options.items() if name != SEED)
        groups.setdefault(key, {}).setdefault(row.options.get(SEED), row)
    return best_first(_folded(list(seeds.values())) for seeds in groups.values())


def best_first(rows: Iterable[Row]) -> list[Row]:
    """Sorted by the best value; rows without come last."""

    def place(row: Row) -> tuple[bool, str, float, str]:
        value = row.best or 0.0
        return row.best is None, row.metric.name, -value if row.metric.higher_is_better else value, row.run

    return sorted(rows, key=place)


def best_in(metric: Metric) -> str:
    """The name of the column that holds the best value of a metric."""
    return f"best_{metric.name}"


def _row(folder: SweepFolder, planned: PlannedRun, keys: Sequence[str], state: str) -> Row:
    records = read_metrics(folder.run(planned).metrics)
    given = {**with_seed(planned.options), **planned.swept}
    options = {key: given.get(key) for key in keys}
    metric = planned.metric
    return Row(planned.name, options, _figures(records, metric), state, metric=metric)


def _figures(records: Sequence[dict[str, Any]], metric: Metric) -> dict[str, float | None]:
    if not records:
        return dict.fromkeys((best_in(metric), *FIGURES))
    paces = [record["chars_per_second"] for record in records if record["chars_per_second"]]
    return {
        best_in(metric): metric.best(map(metric.of, records)),
        "steps_done": records[-1]["step"],
        "minutes_taken": records[-1]["seconds"] / 60,
        "chars_per_second": median(paces) if paces else None,
    }


def _folded(rows: Sequence[Row]) -> Row:
    options = {key: value for key, value in rows[0].options.items() if key != SEED}
    metric, figures = rows[0].metric, {}
    for name in (best_in(metric), *FIGURES):
        known = [value for row in rows if (value := row.figures[name]) is not None]
        figures[name] = median(known) if known else None
    values = [row.best for row in rows if row.best is not None]
    states = [row.state for row in rows]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    state = states[0] if len(counts) == 1 else ", ".join(f"{count} {state}" for state, count in counts.items())
    common = ",".join(f"{key}={value}" for key, value in options.items() if value is not None)
    run = rows[0].run if len(rows) == 1 else common or "any seed"
    spread = max(values) - min(values) if len(values) > 1 else None
    return Row(run, options, figures, state, len(rows), spread, metric)
