"""``charrnn eval``: how well a model predicts a text."""

from pathlib import Path

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.output import announce_compilation, print_json, table


@click.command("eval")
@click.argument("arguments", metavar="[RUN|FILE] TEXT...", nargs=-1, required=True)
@options.encoding
@options.checkpoints
@options.threads
@options.as_json
def command(
    arguments: tuple[str, ...], encoding: str | None, checkpoints: Path, threads: int | None, as_json: bool
) -> None:
    """Measure how well a model predicts a text.

    TEXT is one or more files, folders, or - for standard input. With one argument only, that is the text, and the
    newest run is the model.
    """
    target, sources = (arguments[0], arguments[1:]) if len(arguments) > 1 else (None, arguments)
    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints)
    announce_compilation()
    from charrnn.api import Model
    from charrnn.text.corpus import ENCODING, read_corpus

    model = Model.load(path, threads=threads)
    as_bytes = model.vocabulary.unit == "byte"
    text = read_corpus(sources, encoding=encoding or ENCODING, as_bytes=as_bytes).text
    score = model.score(text.encode("latin-1") if as_bytes else text)
    if as_json:
        print_json(
            {
                "checkpoint": str(path),
                "bits_per_character": score.bits_per_character,
                "nats_per_character": score.nats_per_character,
                "perplexity": score.perplexity,
                "characters": score.characters,
            }
        )
        return
    rows = [
        ("bits per character", f"{score.bits_per_character:.4f}"),
        ("nats per character", f"{score.nats_per_character:.4f}"),
        ("perplexity", f"{score.perplexity:.4f}"),
        ("characters predicted", f"{score.characters:,}"),
    ]
    for line in (f"model  {path}", *table(rows)):
        click.echo(line)
