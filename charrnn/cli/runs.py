"""``charrnn runs``: list the runs in the checkpoints folder."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.output import counted, number, print_json, say, table
from charrnn.display import size
from charrnn.errors import CheckpointError

if TYPE_CHECKING:
    from charrnn.storage.run import Run

COLUMNS = ("run", "steps", "epochs", "best val", "parameters", "size", "saved", "state")

STATES = {True: "done", False: "cut", None: None}
"""A run's state, by whether the run is complete; None if that is not known."""

CLOCK_TOLERANCE = 300
"""Seconds by which a run's date may be ahead of the clock; beyond, it is shown as in the future."""


@click.command("runs")
@options.checkpoints
@options.as_json
def command(checkpoints: Path, as_json: bool) -> None:
    """List the runs, the newest first.

    A run's state is done, cut (training is not finished), or ? (unknown: written by an older version).
    """
    from charrnn.storage.run import list_runs, list_sweeps

    runs = [_summary(run) for run in list_runs(checkpoints)]
    if as_json:
        print_json(runs)
    elif runs:
        for line in table([COLUMNS, *map(_row, runs)]):
            say(line, err=False)
    else:
        say(f"no run in {checkpoints} yet; train one with: charrnn train FILE")
    if not as_json and (sweeps := list_sweeps(checkpoints)):
        results = options.command_on(sweeps[0], checkpoints, "sweep-table")
        say(f"{counted(len(sweeps), 'sweep')}: {', '.join(sweeps)}; see {results}")


def _summary(run: "Run") -> dict[str, Any]:
    """Summarise a run as JSON, or say what is damaged in it."""
    from charrnn.cli.shared.overview import Overview
    from charrnn.storage.run_metadata import RunMetadata

    files = [file.stat() for file in (*run.files, run.corpus) if file.is_file()]
    metadata = RunMetadata.read(run.metadata)
    known = {
        "name": run.name,
        "bytes": sum(file.st_size for file in files),
        "saved": max((file.st_mtime for file in files), default=0.0),
        "state": STATES[metadata.complete if metadata else None],
    }
    try:
        overview = Overview.read(run.last if run.last.is_file() else run.best)
    except CheckpointError as error:
        return {**known, "error": str(error)}
    return {**known, **overview.progress, "parameters": overview.parameters}


def _best(run: dict[str, Any]) -> str:
    """Format the best validation value and its metric, such as "1.675 bpc"."""
    from charrnn.training.progress import BEST

    name, value = next((name, value) for name, value in run.items() if name.startswith(BEST))
    return f"{number(value)} {name.removeprefix(BEST)}"


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    if "error" in run:
        known = ("unreadable", "-", "-", "-")
    else:
        known = (
            number(run["steps"], ",d"),
            number(run["epochs"], ",.2f"),
            _best(run),
            number(run["parameters"], ",d"),
        )
    return (run["name"], *known, size(run["bytes"]), age(time.time() - run["saved"]), run["state"] or "?")


def age(seconds: float) -> str:
    """Format an age in its largest unit, such as "3 h ago"."""
    if seconds < -CLOCK_TOLERANCE:
        return "in the future"
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
