"""``charrnn page``: put a model into one HTML file that writes and reads text."""

from pathlib import Path

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.files import write_file
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import say
from charrnn.display import size
from charrnn.errors import ConfigError
from charrnn.text.sources import ENCODING, read_pieces

MOST_READ = 100_000
"""Characters of the text that a page can begin with."""


@click.command("page")
@options.target
@option("--output", "-o", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The page: FILE.html.")
@option(
    "--precision",
    type=click.Choice(["int8", "float32"]),
    default="int8",
    show_default=True,
    help="Precision of the matrices in the page; int8 makes it a quarter as large.",
)
@option("--text", metavar="FILE", help="Text that the page reads first.", unset="a text that the model writes")
@option("--overwrite", is_flag=True, help="Replace the output file if it exists.")
@options.encoding
@options.checkpoints
def command(
    target: str | None,
    output: Path,
    precision: str,
    text: str | None,
    overwrite: bool,
    encoding: str | None,
    checkpoints: Path,
) -> None:
    """Put a model into one HTML file that works without a server.

    The model is that of RUN, of a checkpoint FILE, or else of the newest run.

    The page opens from a disk or a website, on a computer or a phone, and loads nothing else. It writes text, shows how
    surprising each character of a text is and what each unit does, and tells how the model was trained.
    """
    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints)
    read = _read(text, encoding or ENCODING) if text else ""
    from charrnn.api import Model
    from charrnn.pages import html

    page = html(Model.load(path), path=path, precision=precision, text=read)
    write_file([page], output, overwrite=overwrite, option="--output")
    say(f"wrote {output} ({size(len(page.encode()))}): open it in a browser")


def _read(name: str, encoding: str) -> str:
    """The text of --text."""
    text = "".join(piece.text for piece in read_pieces([name], encoding=encoding))
    if len(text) > MOST_READ:
        raise ConfigError(f"--text must hold at most {MOST_READ:,} characters, not {len(text):,}: give a part of it")
    return text
