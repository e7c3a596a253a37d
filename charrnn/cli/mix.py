"""``charrnn mix``: make one model of several."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.options import declared, option
from charrnn.cli.shared.output import announce_compilation, print_json, say, table
from charrnn.display import size
from charrnn.training.run_options import RUN_OPTIONS

if TYPE_CHECKING:
    from charrnn.mixing import MixedRun


@click.command("mix")
@click.argument("targets", metavar="RUN|FILE...", nargs=-1, required=True)
@option("-o", "--name", "name", required=True, metavar="NAME", help="Name of the mixture, a run of its own.")
@option(
    "--counts/--no-counts",
    default=True,
    help="Let an n-gram model of the first run's text join, if it gains enough.",
)
@option(
    "--held-out",
    metavar="FILE",
    help="Text to learn the weights from, which no run has learned.",
    unset="the validation text of the runs",
)
@declared(RUN_OPTIONS["encoding"], help="Encoding of FILE.")
@declared(RUN_OPTIONS["overwrite"])
@options.threads
@options.checkpoints
@options.as_json
def command(
    *,
    targets: tuple[str, ...],
    name: str,
    counts: bool,
    held_out: str | None,
    encoding: str | None,
    overwrite: bool | None,
    threads: int | None,
    checkpoints: Path,
    as_json: bool,
) -> None:
    """Make one model of several that have learned the same text, the same labelled rows or the same pairs.

    The models predict together, with weights that are learned from text that no run has learned. Of models that write
    text, each has a say as large as it is certain. Of more than two models, one that gains less than 0.005 nats a
    character, row or answer is left out.

    The mixture is a run like any other for sample, predict and eval.
    """
    announce_compilation()
    from charrnn.mixing import mix_runs
    from charrnn.workers import available_threads

    mixed = mix_runs(
        targets,
        name,
        checkpoints=checkpoints,
        counts=counts,
        held_out=held_out,
        encoding=encoding,
        overwrite=bool(overwrite),
        threads=threads or available_threads(),
    )
    show_mixture(mixed, name, checkpoints, as_json)


def show_mixture(mixed: "MixedRun", name: str, checkpoints: Path, as_json: bool) -> None:
    """Show what each model of a mixture is worth, and what to do next."""
    if as_json:
        print_json(_as_json(mixed))
        return
    combined = mixed.combined
    rows = [("model", f"nats/{mixed.unit}", "")]
    for place, nats in enumerate(combined.nats):
        rows.append((mixed.names[place], f"{nats:.4f}", "" if place in combined.kept else "left out"))
    for line in table([*rows, ("mixture", f"{combined.mixed_nats:.4f}", "")]):
        say(line, err=False)
    say(f"saved: {mixed.path} ({size(mixed.path.stat().st_size)})")
    command_next = "predict" if mixed.config.kind.answers else "sample"
    say(f"next:  {options.command_on(name, checkpoints, command_next)}")


def _as_json(mixed: "MixedRun") -> dict[str, Any]:
    combined, loss = mixed.combined, f"nats_per_{mixed.unit}"
    members = [
        {"model": mixed.names[place], loss: nats, "kept": place in combined.kept}
        for place, nats in enumerate(combined.nats)
    ]
    return {"checkpoint": str(mixed.path), loss: combined.mixed_nats, "members": members}
