"""``charrnn eval``: measure how well a model predicts a text."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.files import write_file
from charrnn.cli.shared.options import check_belonging, is_typed, option, refuse_typed
from charrnn.cli.shared.output import announce_compilation, counted, print_json, say, table
from charrnn.cli.shared.terminal import put
from charrnn.errors import CheckpointError, ConfigError, RunError
from charrnn.scoring.defaults import DYNAMIC_RATE, SEPARATOR
from charrnn.text.escapes import unescaped
from charrnn.text.sources import versions

if TYPE_CHECKING:
    from charrnn.api import Model
    from charrnn.cli.eval.by_character import Line, Lines
    from charrnn.scoring.exact_match import ExactMatch
    from charrnn.scoring.score import Score, ScoredText

STDOUT = Path("-")

HEADINGS = ("bits per character", "nats per character", "perplexity", "characters predicted")

MANY_DIGITS = 1e9
"""Larger figures are shown as powers of ten."""


OF_SCORES = ("lines", "heat", "per_char", "exact", "one_pass", "dynamic", "unknown")
"""Options of models that give a text a probability."""


@click.command("eval")
@click.argument("arguments", metavar="[RUN|FILE] TEXT...", nargs=-1, required=True)
@option(
    "--lines", is_flag=True, help="Print each line's bits per character, its number and its text, separated by tabs."
)
@option("--heat", is_flag=True, help="Show the text in the terminal; the redder a character, the less it was expected.")
@option(
    "--per-char",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write a JSON object for each character, with its bits and its rank among the model's guesses; - for stdout.",
)
@option("--overwrite", is_flag=True, help="Replace the FILE of --per-char if it exists.")
@option("--exact", is_flag=True, help="Count the lines whose answer is exactly right, as in 12+345=357.")
@option(
    "--separator",
    aliases=("--mark",),
    metavar="TEXT",
    help="With --exact: text between question and answer in each line.",
    unset=SEPARATOR,
)
@option(
    "--confusion",
    is_flag=True,
    help="Print the confusion matrix: how often each label was predicted as each other one (--task label).",
)
@option("--one-pass", is_flag=True, help="Read a long text as one stream instead of up to 64 at once; slower.")
@option("--alone", is_flag=True, help="Score with the network alone, without the counts that a run has beside it.")
@option(
    "--dynamic",
    is_flag=True,
    help="Adaptive: let a copy of the model learn from the text it reads (dynamic evaluation).",
)
@option(
    "--dynamic-rate",
    type=float,
    metavar="RATE",
    help="Learning rate of --dynamic.",
    unset=f"as chosen at the end of the run, or {DYNAMIC_RATE}",
)
@options.unknown("What to do with characters that the model has never seen; skipped or replaced ones do not count.")
@options.encoding
@options.precision
@options.checkpoints
@options.threads
@options.as_json
def command(
    *,
    arguments: tuple[str, ...],
    lines: bool,
    heat: bool,
    per_char: Path | None,
    overwrite: bool,
    exact: bool,
    separator: str | None,
    confusion: bool,
    alone: bool,
    encoding: str | None,
    precision: str | None,
    checkpoints: Path,
    threads: int | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Measure how well a model predicts a text.

    TEXT is one or more files, folders, or - for standard input. With several arguments, the first is the model. A
    single argument is the text, and the model is that of the newest run.

    A run limited by minutes has counts of its text beside the network, which predict with it where that gains. --alone
    leaves them out. --dynamic is adaptive: its figures are not to be compared with those of models that stay the same.

    Several texts are read one after the other, as in training. The very first character is not predicted.

    A model of documents (charrnn train --documents) predicts the first character of each document, too, and its end,
    which counts as one character.

    With --exact, each line is QUESTION=ANSWER; lines are read independently. An answer is right if each of its
    characters, and then the end of the line, is the most probable one.
    """
    target, sources = (arguments[0], arguments[1:]) if len(arguments) > 1 else (None, arguments)
    if per_char and _is_stdout(per_char):
        per_char = STDOUT
    _check(as_json, {} if exact else {"--lines": lines, "--heat": heat, "--per-char -": per_char == STDOUT})
    _check_exact(separator, exact, {"lines": lines, "heat": heat, "per_char": per_char, **how})
    check_belonging("separator", "--exact", exact)
    check_belonging("dynamic_rate", "--dynamic", how["dynamic"])
    check_belonging("overwrite", "--per-char", per_char is not None)
    _check_output(per_char, sources)
    from charrnn.storage.run import find_checkpoint

    with _hint_at_the_model(target):
        path = find_checkpoint(target, checkpoints, mixed=not alone)
        announce_compilation()
        from charrnn.api import Model

        model = Model.load(path, threads=threads, precision=precision)
        options.check_alone(alone, model.config, path)
    if model.config.kind.measured:
        refuse_typed(OF_SCORES, "models that score text")
        _show_evaluation(model, path, sources, encoding, confusion, as_json)
        return
    if exact:
        answers = model.score_exact_match(*sources, encoding=encoding, separator=unescaped(separator or SEPARATOR))
        _show_answers(answers, path, as_json)
        return
    from charrnn.cli.eval.by_character import Lines, characters_as_json

    if not how["dynamic"]:
        how["dynamic_rate"] = None
    elif how["dynamic_rate"] is None:
        how["dynamic_rate"] = model.adaptation.rate
    vocabulary = model.vocabulary
    show = _line_printer(vocabulary.unit, sources, heat, as_json)
    shown = Lines(show, vocabulary, with_bits=heat) if lines or heat else None
    tally = Tally()
    scored = _each(model.score_files(*sources, encoding=encoding, **how), tally, shown)
    if per_char is None:
        for _ in scored:
            pass
    elif per_char == STDOUT:
        for part in scored:
            put(characters_as_json(part, vocabulary).encode(), sys.stdout)
    else:
        pieces = (characters_as_json(part, vocabulary) for part in scored)
        write_file(pieces, per_char, overwrite=overwrite, option="--per-char")
    beside = lines or heat or per_char == STDOUT  # stdout is for data
    if as_json:
        print_json({"checkpoint": str(path), **tally.to_dict(), **how}, err=beside)
        return
    for line in (f"model  {path}", *_notes(tally, **how), *tally.table()):
        say(line, err=beside)


def _show_evaluation(
    model: "Model", path: Path, sources: Sequence[str], encoding: str | None, confusion: bool, as_json: bool
) -> None:
    """Print the evaluation of a model's predictions beside that of its baselines."""
    from charrnn.cli.eval.answers import evaluation_as_json, evaluation_as_table

    evaluation = model.evaluate(*sources, encoding=encoding)
    if as_json:
        print_json({"checkpoint": str(path), **evaluation_as_json(evaluation)})
        return
    shown = tuple(title for title in evaluation.details if confusion or title != "confusion")
    for line in (f"model  {path}", *evaluation_as_table(evaluation, shown)):
        say(line, err=False)


def _show_answers(answers: "ExactMatch", path: Path, as_json: bool) -> None:
    """Print how many answers are correct."""
    from charrnn.cli.eval.exact_match import exact_match_as_json, exact_match_as_table

    if as_json:
        print_json({"checkpoint": str(path), **exact_match_as_json(answers)})
        return
    for line in (f"model  {path}", *exact_match_as_table(answers)):
        say(line, err=False)


class Tally:
    """The scores of each file and of all files."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.scores: list[Score] = []
        self.unknown = 0

    def add(self, scored: "ScoredText") -> None:
        """Add the next part of the text."""
        if scored.piece.start == 0:
            self.names.append(scored.piece.origin)
            self.scores.append(scored.plain)
        else:
            self.scores[-1] += scored
        self.unknown += scored.unknown

    def total(self) -> "Score":
        """Return the score of all files."""
        return sum(self.scores[1:], start=self.scores[0])

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as JSON values."""
        sources = [{"source": name, **_figures(score)} for name, score in zip(self.names, self.scores, strict=True)]
        return {**_figures(self.total()), "unknown_characters": self.unknown, "sources": sources}

    def table(self) -> Iterable[str]:
        """Format the scores: a column of figures for one file, a row for each of several."""
        if len(self.scores) == 1:
            return table(list(zip(HEADINGS, cells_of(self.scores[0]), strict=True)))
        names = [*self.names, "all"]
        rows = [(name, *cells_of(score)) for name, score in zip(names, [*self.scores, self.total()], strict=True)]
        return table([("", *HEADINGS), *rows])


def _figures(score: "Score") -> dict[str, float]:
    return {
        "bits_per_character": score.bits_per_character,
        "nats_per_character": score.nats_per_character,
        "perplexity": score.perplexity,
        "nats": score.nats,
        "characters": score.characters,
    }


def cells_of(score: "Score") -> list[str]:
    """Format a score as a row of the table."""
    if not score.characters:
        return ["-", "-", "-", "0"]
    figures = (score.bits_per_character, score.nats_per_character, score.perplexity)
    shown = (f"{figure:.4f}" if figure < MANY_DIGITS else f"{figure:.3g}" for figure in figures)
    return [*shown, f"{score.characters:,}"]


def _notes(tally: Tally, *, unknown: str, dynamic: bool, dynamic_rate: float | None, **_: Any) -> Iterator[str]:
    """Yield notes on options that change the figures."""
    if dynamic:
        yield f"adaptive (dynamic evaluation): a copy of the model learned from what it read, at rate {dynamic_rate}"
    if tally.unknown:
        done = {"skip": "left out", "replace": "replaced"}[unknown]
        yield f"{counted(tally.unknown, 'unknown character')} {done}, and not counted"


def _each(parts: "Iterable[ScoredText]", tally: Tally, shown: "Lines | None") -> "Iterator[ScoredText]":
    """Yield the parts of a scored text after adding them to the tally and the shown lines."""
    for part in parts:
        tally.add(part)
        if shown:
            shown.add(part)
        yield part
    if shown:
        shown.finish()


def _line_printer(unit: str, sources: Sequence[str], heat: bool, as_json: bool) -> "Callable[[Line], None]":
    """Return the function that prints a line of the text."""
    from charrnn.cli.eval.by_character import line_as_columns, line_as_heat, line_as_json

    named = len(sources) > 1 or Path(sources[0]).is_dir()
    escaped = sys.stdout.isatty()

    def show(line: "Line") -> None:
        if heat:
            text = line_as_heat(line, unit)
        elif as_json:
            text = line_as_json(line, unit)
        else:
            text = line_as_columns(line, unit, named=named, escaped=escaped)
        put(f"{text}\n".encode("utf-8", "replace" if heat else "surrogateescape"), sys.stdout)

    return show


def _check(as_json: bool, reports: dict[str, bool]) -> None:
    """Refuse options that exclude each other, and --heat without colours."""
    chosen = [name for name, used in reports.items() if used]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} both write to stdout: choose one.")
    if not reports.get("--heat"):
        return
    if as_json:
        raise click.UsageError("--heat has no JSON: give --lines --json.")
    if os.environ.get("NO_COLOR"):
        raise ConfigError("--heat needs colours, but NO_COLOR is set: unset it, or use --lines")
    if not os.environ.get("FORCE_COLOR") and (not sys.stdout.isatty() or os.environ.get("TERM") == "dumb"):
        raise ConfigError("--heat needs a terminal with colours: use --lines or --per-char, or set FORCE_COLOR=1")


def _check_exact(separator: str | None, exact: bool, others: dict[str, Any]) -> None:
    """Refuse options that --exact excludes."""
    if separator == "":
        raise click.UsageError(
            "--separator must be at least one character, not '': give what stands before each answer."
        )
    if used := [name for name, value in others.items() if exact and value and value != "error" and is_typed(name)]:
        name = used[0].replace("_", "-")
        raise click.UsageError(f"--exact counts right answers and nothing else: leave out --{name}.")


def _check_output(per_char: Path | None, sources: Sequence[str]) -> None:
    """Refuse an output file that is one of the texts."""
    if not per_char or not per_char.is_file():
        return
    for source in sources:
        if any(per_char.samefile(path) for path, *_ in versions([source]) or []):
            raise click.UsageError(f"--per-char {per_char} is a text that is to be read: choose another FILE.")


def _is_stdout(path: Path) -> bool:
    """Whether a path, such as /dev/stdout, is the file that stdout goes to."""
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # the path does not exist, or stdout is not a file
        return False


@contextmanager
def _hint_at_the_model(target: str | None) -> Iterator[None]:
    """Add to an error about the model the hint that the model is the first of several arguments."""
    try:
        yield
    except (CheckpointError, RunError) as error:
        if target is None:
            raise
        raise type(error)(f"{error}; give the model first, and the texts after it") from None
