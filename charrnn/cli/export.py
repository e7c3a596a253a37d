"""``charrnn export``: write a model for other programs."""

from pathlib import Path

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.files import write_file, write_folder
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import say
from charrnn.display import size
from charrnn.registry import literal_in, names_in

TARGETS = "exports"


def _abouts() -> str:
    abouts = [f"{name}, {literal_in(TARGETS, name, 'ABOUT') or 'a package has it'}" for name in names_in(TARGETS)]
    return "; ".join(abouts)


@click.command("export")
@options.target
@option("--to", required=True, type=click.Choice(names_in(TARGETS)), help=f"Format: {_abouts()}.")
@option("-o", "--output", required=True, type=click.Path(path_type=Path), help="File or folder to write.")
@option("--overwrite", is_flag=True, help="Replace existing files.")
@options.checkpoints
def command(target: str | None, to: str, output: Path, overwrite: bool, checkpoints: Path) -> None:
    """Write the model of a RUN, or of a checkpoint FILE, for other programs; without either, that of the newest run."""
    from charrnn.exports.contract import Exported, Target
    from charrnn.registry import find
    from charrnn.storage.run import find_checkpoint

    format_of: Target = find(TARGETS, "target", to)
    files = format_of.files(Exported.read(find_checkpoint(target, checkpoints)))
    if format_of.folder:
        write_folder(files, output, overwrite=overwrite, option="--output")
    else:
        [content] = files.values()
        write_file([content], output, overwrite=overwrite, option="--output")
    say(f"wrote {output} ({size(sum(map(len, files.values())))})")
