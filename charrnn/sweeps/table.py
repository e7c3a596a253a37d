"""A sweep's results: a row for each run, or for runs that differ only in their seeds."""

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
"""Columns besides the best value; no option has such a name."""


@dataclass(frozen=True)
class Row:
    """The results of a run, or of several that differ only in their seeds.

    Attributes:
        run: the run's name, or the common part of several names.
        options: the swept options, by their long names.
        figures: figures by name, None if missing; for several runs, the medians.
        state: waiting, cut, done, failed or pruned; for several runs, the number of each.
        seeds: number of distinct seeds.
        spread: for several seeds, the difference between the highest and the lowest best value.
        metric: the metric of the runs.
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
        """Return a flat dictionary for JSON and CSV."""
        return {
            "run": self.run,
            **self.options,
            **self.figures,
            "spread": self.spread,
            "seeds": self.seeds,
            "state": self.state,
        }


def rows_of(folder: SweepFolder) -> list[Row]:
    """Build a row for each run of a sweep, the best first.

    Raises:
        RunError: There is no sweep, or it has no run yet.
    """
    plan = folder.plan()
    if not plan:
        raise RunError(f"the sweep in {folder.folder} was stopped before its first run: start it again")
    states = folder.states(plan)
    keys = list(dict.fromkeys(key for run in plan for key in run.swept))
    return best_first(_row(folder, run, keys, states[run.name]) for run in plan)


def best_run(folder: SweepFolder) -> PlannedRun | None:
    """Find the best run of a sweep; None if none has a value yet."""
    plan = {run.name: run for run in folder.plan()}
    best = next(iter(rows_of(folder) if plan else ()), None)
    return plan[best.run] if best and best.best is not None else None


def fold(rows: Sequence[Row]) -> list[Row]:
    """Merge rows that differ only in their seeds, the best first; runs with equal options and seeds count once."""
    groups: dict[tuple[Any, ...], dict[Any, Row]] = {}
    for row in best_first(rows):
        key = tuple((name, str(value)) for name, value in row.options.items() if name != SEED)
        groups.setdefault(key, {}).setdefault(row.options.get(SEED), row)
    return best_first(_folded(list(seeds.values())) for seeds in groups.values())


def best_first(rows: Iterable[Row]) -> list[Row]:
    """Sort rows by the best value; rows without one come last."""

    def place(row: Row) -> tuple[bool, str, float, str]:
        value = row.best or 0.0
        return row.best is None, row.metric.name, -value if row.metric.higher_is_better else value, row.run

    return sorted(rows, key=place)


def best_in(metric: Metric) -> str:
    """Name the column of the best value of a metric."""
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
    throughputs = [record["chars_per_second"] for record in records if record["chars_per_second"]]
    return {
        best_in(metric): metric.best(map(metric.of, records)),
        "steps_done": records[-1]["step"],
        "minutes_taken": records[-1]["seconds"] / 60,
        "chars_per_second": median(throughputs) if throughputs else None,
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
