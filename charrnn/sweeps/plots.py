"""Plots of a sweep, by matplotlib."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError
from charrnn.storage.atomic import writing
from charrnn.storage.metrics import read_metrics
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.spec import SEED, label
from charrnn.sweeps.table import Row, fold

TIME = "time"

MOST_NAMED = 12
"""Plots with more lines have no legend."""


def check_plot(rows: Sequence[Row], against: str) -> None:
    """Check that a plot can be drawn.

    Raises:
        ConfigError: The sweep does not vary the option, or matplotlib is not installed.
    """
    if against != TIME and against not in rows[0].options:
        known = ", ".join((TIME, *rows[0].options))
        raise ConfigError(f"--plot must be one of {known}, not {against!r}")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise ConfigError("--plot needs matplotlib: install it with pip install 'charrnn-cpu[plots]'") from None


def draw_plot(folder: SweepFolder, rows: Sequence[Row], against: str) -> Path:
    """Plot the metric against time, a line for each run, or against a swept option, a point for each run.

    Args:
        folder: the sweep's folder, into which the plot is written.
        rows: one row for each run.
        against: "time", or the long name of an option that the sweep varies.

    Returns:
        The plot's file.

    Raises:
        ConfigError: See ``check_plot``.
        RunError: The plot cannot be written.
    """
    check_plot(rows, against)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel(rows[0].metric.title)
    axes.grid(alpha=0.3)
    if against == TIME:
        _curves(axes, folder)
    else:
        _points(axes, rows, against)
    path = folder.folder / f"{against}.png"
    with writing(path):
        figure.savefig(path, dpi=150)
    return path


def _curves(axes: Any, folder: SweepFolder) -> None:
    plan = folder.plan()
    for run in plan:
        value = run.metric.of
        records = [r for r in read_metrics(folder.run(run).metrics) if value(r) is not None]
        axes.plot([r["seconds"] / 60 for r in records], list(map(value, records)), label=run.name, linewidth=1)
    axes.set_xlabel("minutes")
    if len(plan) <= MOST_NAMED:
        axes.legend(fontsize="small")


def _points(axes: Any, rows: Sequence[Row], option: str) -> None:
    """Plot a point for each run, and lines through the medians of runs that differ only in ``option`` and seed."""
    rows = [row for row in rows if row.best is not None and row.options[option] is not None]
    values = sorted({row.options[option] for row in rows}, key=lambda value: (isinstance(value, str), value))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    place = {value: value if numbers else index for index, value in enumerate(values)}
    axes.scatter([place[row.options[option]] for row in rows], [row.best for row in rows], s=12)
    lines: dict[str, list[Row]] = {}
    for row in rows if option == SEED else fold(rows):
        rest = ", ".join(f"{key} {label(value)}" for key, value in row.options.items() if key != option)
        lines.setdefault(rest, []).append(row)
    for rest, points in lines.items():
        points.sort(key=lambda row: place[row.options[option]])
        axes.plot([place[row.options[option]] for row in points], [r.best for r in points], label=rest)
    axes.set_xlabel(option)
    if not numbers:
        axes.set_xticks(range(len(values)), map(label, values))
    elif values and values[0] > 0 and math.log10(values[-1] / values[0]) > 1:
        axes.set_xscale("log")
    if any(lines) and len(lines) <= MOST_NAMED:
        axes.legend(fontsize="small")
