"""``charrnn sweep-table``: show a sweep's results."""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import duration, number, print_json, say, table

if TYPE_CHECKING:
    from charrnn.sweeps.table import Row


@click.command("sweep-table")
@click.argument("sweep")
@option("--each", is_flag=True, help="Show a row for each run, even if runs differ only in their seeds.")
@option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@option(
    "--plot",
    "plots",
    metavar="OPTION",
    multiple=True,
    help="Draw OPTION.png in the sweep's folder: the metric against a swept option, or against the minutes if OPTION "
    "is time. Needs matplotlib; may be repeated.",
)
@options.checkpoints
@options.as_json
def command(sweep: str, each: bool, as_csv: bool, plots: tuple[str, ...], checkpoints: Path, as_json: bool) -> None:
    """Show the results of a sweep, sorted by the best validation metric of each run.

    Runs that differ only in their seeds share one row: their medians, and the spread between their best and worst.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json both write to stdout: choose one.")
    from charrnn.sweeps.folder import SweepFolder
    from charrnn.sweeps.table import fold, rows_of

    folder = SweepFolder(checkpoints / sweep)
    runs = rows_of(folder)
    rows = runs if each else fold(runs)
    for plot in plots:
        from charrnn.sweeps.plots import check_plot

        check_plot(runs, plot)
    if as_json:
        print_json([row.to_dict() for row in rows])
    elif as_csv:
        writer = csv.DictWriter(
            sys.stdout, list({name: 0 for row in rows for name in row.to_dict()}), lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(row.to_dict() for row in rows)
    else:
        for line in table_lines(rows):
            say(line, err=False)
    for plot in plots:
        from charrnn.sweeps.plots import draw_plot

        say(f"wrote {draw_plot(folder, runs, plot)}")


def table_lines(rows: "Sequence[Row]") -> Iterable[str]:
    """Format the rows as lines of aligned columns."""
    from charrnn.sweeps.spec import label

    keys = list(rows[0].options)
    spread = any(row.seeds > 1 for row in rows)
    headings = [
        "run",
        *keys,
        " ".join(("best", *{row.metric.name: 0 for row in rows})),
        *(["spread", "seeds"] if spread else []),
        "steps done",
        "time taken",
        "chars/s",
        "state",
    ]
    cells = [
        [
            row.run,
            *("-" if row.options[key] is None else label(row.options[key]) for key in keys),
            number(row.best),
            *([number(row.spread), str(row.seeds)] if spread else []),
            number(row.figures["steps_done"], ",.0f"),
            taken(row.figures["minutes_taken"]),
            number(row.figures["chars_per_second"], ",.0f"),
            row.state,
        ]
        for row in rows
    ]
    return table([headings, *cells])


def taken(minutes: float | None) -> str:
    """Format a time, or None as a dash."""
    return "-" if minutes is None else duration(60 * minutes)
