"""``charrnn predict``: what a model answers to lines of text."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
    answers, context = model.answers, model.config.kind.context(model.config)
    if context:
        answers = InContext(model.answers, context)
    for lines in input_lines("-" if text is None else text, encoding or ENCODING):
        answered = _answered(answers, lines, top, unknown)
        if as_json:
            for line, answers in answered:
                print_json({"given": line.text, "answers": [answer._asdict() for answer in answers]})
            continue
        shown = "".join(_as_text(answers, probabilities) + line.end for line, answers in answered)
        put((harmless(shown) if sys.stdout.isatty() else shown).encode(), sys.stdout)


class InContext:
    """Answers lines of one text, of which some come at a time, in the light of those before them.

    Args:
        answers: answers some lines, the first of which begins a text.
        characters: of the lines before it that a line is answered with.
    """

    def __init__(self, answers: "Callable[..., list[list[Answer]]]", characters: int) -> None:
        self._answers, self._characters = answers, characters
        self._before: list[str] = []

    def __call__(self, lines: Sequence[str], **how: Any) -> "list[list[Answer]]":
        known = len(self._before)
        self._before += lines
        found = self._answers(self._before, **how)[known:]
        kept, characters = 0, 0
        while kept < len(self._before) and characters < self._characters:
            kept += 1
            characters += len(self._before[-kept]) + 1
        self._before = self._before[len(self._before) - kept :]
        return found


def _answered(
    answers: "Callable[..., list[list[Answer]]]", lines: Sequence[InputLine], top: int, unknown: str
) -> "Iterator[tuple[InputLine, list[Answer]]]":
    """Lines and their answers; nothing is the answer to an empty line, but it may part those beside it."""
    asked = [line for line in lines if line.text or isinstance(answers, InContext)]
    try:
        found = iter(answers([line.text for line in asked], top=top, unknown=unknown))
    except CharrnnError:
        for line in asked:  # to tell which one it is
            try:
                answers([line.text], unknown=unknown)
            except CharrnnError as error:
                raise type(error)(f"line {line.number} of {line.origin}: {error}") from None
        raise
    for line in lines:
        answer = next(found) if line.text or isinstance(answers, InContext) else []
        yield line, answer if line.text else []


def _as_text(answers: "Sequence[Answer]", probabilities: bool) -> str:
    """The answers to a line, side by side."""
    cells = [
        cell
        for answer in answers
        for cell in ((answer.text, f"{answer.probability:.4f}") if probabilities else (answer.text,))
    ]
    return "\t".join(cells)
