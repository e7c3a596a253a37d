"""``charrnn predict``: label, correct or transform each line, or forecast a series."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.predict.lines import InputLine, input_lines
from charrnn.cli.shared import options
from charrnn.cli.shared.options import option, refuse_typed
from charrnn.cli.shared.output import announce_compilation, compile_for, print_json
from charrnn.cli.shared.terminal import harmless, put
from charrnn.errors import CharrnnError, ConfigError
from charrnn.kinds.line_context import InContext
from charrnn.text.sources import ENCODING

if TYPE_CHECKING:
    from charrnn.api import Model
    from charrnn.kinds.contract import Answer


NEARLY_ZERO = 0.001
"""The least probability that four decimals show well."""

OF_LINES = ("top", "probabilities", "beam", "known", "unknown")
"""Options of models that answer lines."""


@click.command("predict")
@options.target
@click.argument("text", required=False)
@option("--top", type=click.IntRange(min=1), default=1, show_default=True, help="Number of answers to each line.")
@option("--probabilities", is_flag=True, help="Print the probability of each answer after it, separated by a tab.")
@option(
    "--horizon",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many numbers to forecast (--task series).",
    unset=1,
)
@option(
    "--beam",
    type=click.IntRange(min=1),
    help="Number of partial answers that the beam search keeps (--task pairs).",
    unset="4; 8 for models with counts",
)
@option(
    "--known",
    is_flag=True,
    help="For a line that occurs in the training rows, print the answer given there (--task pairs).",
)
@option("--alone", is_flag=True, help="Ask the network alone, without the counts that a run has beside it.")
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
    horizon: int | None,
    beam: int | None,
    known: bool,
    alone: bool,
    unknown: str,
    encoding: str | None,
    precision: str | None,
    checkpoints: Path,
    threads: int | None,
    as_json: bool,
) -> None:
    """Print what a model predicts for each line: its label, the text put right, or the text it is turned into.

    The model is that of RUN, of a checkpoint FILE, or else of the newest run. Models of --task text and conditional
    write text instead: see charrnn sample.

    TEXT is one or more lines, - for standard input, or @FILE; without it, standard input is read. Each line is answered
    by one line on stdout as soon as it has come: the answer and nothing else. Several answers to a line are separated
    by tabs.

    A model of --task series prints the numbers that come next, one on each line. TEXT is a table with the columns of
    the training table. It may repeat the rows of the training table and go on, or hold only rows that follow them. The
    target may be missing in its last rows. Without TEXT, the forecast begins at the end of the training table.
    """
    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints, mixed=False if alone else None)
    announce_compilation()
    compile_for(path, precision)
    from charrnn.api import Model

    model = Model.load(path, threads=threads, precision=precision)
    options.check_alone(alone, model.config, path)
    if horizon or model.config.kind.forecasts:
        refuse_typed(OF_LINES, "models that answer lines")
        _print_forecast(model, path, horizon or 1, text, encoding or ENCODING, as_json)
        return
    answer = partial(model.answers, beam=beam, known=_rows_of(path) if known else None)
    answer([])  # raises before a line is read, if the model does not answer
    answers = InContext(answer, model.config.kind.context(model.config))
    for lines in input_lines("-" if text is None else text, encoding or ENCODING):
        with _written() as write:
            for line, found in _answered(answers, lines, top, unknown):
                if as_json:
                    print_json({"given": line.text, "answers": [answer._asdict() for answer in found]})
                else:
                    write(_as_text(found, probabilities) + line.end)


@contextmanager
def _written() -> "Iterator[Callable[[str], None]]":
    """Collect texts and write them together, also those before an error."""
    texts: list[str] = []
    try:
        yield texts.append
    finally:
        shown = "".join(texts)
        put((harmless(shown) if sys.stdout.isatty() else shown).encode(), sys.stdout)


def _print_forecast(model: "Model", path: Path, horizon: int, text: str | None, encoding: str, as_json: bool) -> None:
    """Print the numbers that continue a series."""
    table = None
    if text is not None:
        table = "".join(line.text + line.end for lines in input_lines(text, encoding) for line in lines)
    numbers = model.forecast(horizon, table)
    if as_json:
        print_json({"checkpoint": str(path), "forecast": numbers})
        return
    put("".join(f"{number:.6g}\n" for number in numbers).encode(), sys.stdout)


def _rows_of(path: Path) -> Any:
    """Load the rows of a checkpoint's run."""
    from charrnn.storage.trained_on import all_rows

    rows = all_rows(path)
    if rows is None:
        raise ConfigError(f"--known needs the text that {path} was trained on, which its run has lost: leave it out")
    return rows


def _answered(
    answers: "InContext", lines: Sequence[InputLine], top: int, unknown: str
) -> "Iterator[tuple[InputLine, list[Answer]]]":
    """Yield the lines with their answers; an empty line has no answer."""
    try:
        found = answers([line.text for line in lines], top=top, unknown=unknown)
    except CharrnnError:
        for line in lines:  # up to the one to report
            try:
                (own,) = answers([line.text], top=top, unknown=unknown)
            except CharrnnError as error:
                raise type(error)(f"line {line.number} of {line.origin}: {error}") from None
            yield line, own
        raise
    yield from zip(lines, found, strict=True)


def _as_text(answers: "Sequence[Answer]", probabilities: bool) -> str:
    """Format the answers to a line, separated by tabs."""
    cells = [
        cell
        for answer in answers
        for cell in ((answer.text, _as_share(answer.probability)) if probabilities else (answer.text,))
    ]
    return "\t".join(cells)


def _as_share(probability: float) -> str:
    """Format a probability: four decimals, or two digits of one that would be nearly 0."""
    return f"{probability:.4f}" if probability >= NEARLY_ZERO else f"{probability:.1e}"
