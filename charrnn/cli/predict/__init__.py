"""``charrnn predict``: what a model answers to lines of text."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli.predict.context import InContext
from charrnn.cli.predict.lines import InputLine, input_lines
from charrnn.cli.shared import options
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import announce_compilation, print_json
from charrnn.cli.shared.terminal import harmless, put
from charrnn.errors import CharrnnError
from charrnn.text.sources import ENCODING

if TYPE_CHECKING:
    from charrnn.kinds.contract import Answer


@click.command("predict")
@options.target
@click.argument("text", required=False)
@option("--top", type=click.IntRange(min=1), default=1, show_default=True, help="Number of answers to each line.")
@option("--probabilities", is_flag=True, help="Print the probability of each answer after it, separated by a tab.")
@options.unknown("What to do with characters that the model has never seen.")
@options.encoding
@options.precision
@options.checkpoints
@options.threads
@options.as_json
def command(
    target: str | None,
    text: str | None,
    top: int,
    probabilities: bool,
    unknown: str,
    encoding: str | None,
    precision: str | None,
    checkpoints: Path,
    threads: int | None,
    as_json: bool,
) -> None:
    """Print what a model answers: of a RUN, a checkpoint FILE, or else the newest run.

    TEXT is one or more lines, - for standard input, or @FILE; without it, standard input is read. Each line is answered
    by one line on stdout as soon as it has come: the answer and nothing else. Several answers to a line are separated
    by tabs.
    """
    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints)
    announce_compilation()
    from charrnn.api import Model

    model = Model.load(path, threads=threads, precision=precision)
    model.answers([])  # tells of a model that does not answer before a line is read
    answers = InContext(model.answers, model.config.kind.context(model.config))
    for lines in input_lines("-" if text is None else text, encoding or ENCODING):
        answered = _answered(answers, lines, top, unknown)
        if as_json:
            for line, found in answered:
                print_json({"given": line.text, "answers": [answer._asdict() for answer in found]})
            continue
        shown = "".join(_as_text(found, probabilities) + line.end for line, found in answered)
        put((harmless(shown) if sys.stdout.isatty() else shown).encode(), sys.stdout)


def _answered(
    answers: "InContext", lines: Sequence[InputLine], top: int, unknown: str
) -> "Iterator[tuple[InputLine, list[Answer]]]":
    """Lines and their answers; nothing is the answer to an empty line."""
    try:
        found = answers([line.text for line in lines], top=top, unknown=unknown)
    except CharrnnError:
        for line in lines:  # to tell which one it is
            try:
                answers([line.text], unknown=unknown)
            except CharrnnError as error:
                raise type(error)(f"line {line.number} of {line.origin}: {error}") from None
        raise
    yield from zip(lines, found, strict=True)


def _as_text(answers: "Sequence[Answer]", probabilities: bool) -> str:
    """The answers to a line, side by side."""
    cells = [
        cell
        for answer in answers
        for cell in ((answer.text, f"{answer.probability:.4f}") if probabilities else (answer.text,))
    ]
    return "\t".join(cells)
