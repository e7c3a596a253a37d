"""``charrnn sample``: draw text from a model."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from charrnn.cli.sample.prompt import converse
from charrnn.cli.sample.seed import encodings_of, is_file, read_seed, warn_of_number
from charrnn.cli.shared import options
from charrnn.cli.shared.options import check_belonging, declared, option
from charrnn.cli.shared.output import announce_compilation, compile_for, print_json, say
from charrnn.cli.shared.signals import signals
from charrnn.sampling.settings import SAMPLING_OPTIONS
from charrnn.text.escapes import unescaped
from charrnn.text.sources import ENCODING, check_encoding, versions
from charrnn.training.run_options import RUN_OPTIONS

if TYPE_CHECKING:
    from charrnn.api import Model
    from charrnn.sampling.settings import SamplingSettings
    from charrnn.session import Session
    from charrnn.text.vocabulary import Vocabulary

TOP = 5


@click.command("sample")
@options.target
@option(
    "--seed",
    "--prime",
    "--primetext",
    "--start-text",
    "seed",
    metavar="TEXT",
    default="",
    help="Text to continue; \\n, \\r, \\t and \\\\ are special, - reads standard input, @FILE a file. "
    "The other names are synonyms.",
)
@option(
    "--given",
    metavar="LABEL",
    help="Write text for this label, with a model of --task conditional.",
    unset="a label is drawn for each text",
)
@declared(SAMPLING_OPTIONS["length"])
@option(
    "--stop", multiple=True, metavar="TEXT", help="Stop before this text, which may hold \\n and \\t. May be repeated."
)
@declared(SAMPLING_OPTIONS["temperature"])
@declared(SAMPLING_OPTIONS["top_k"])
@declared(SAMPLING_OPTIONS["top_p"])
@declared(SAMPLING_OPTIONS["min_p"])
@option("--num-samples", type=int, default=1, show_default=True, metavar="N", help="Number of texts to draw.")
@option("--rng-seed", type=int, help="Seed of the random generator.", unset="a new one each time")
@option(
    "--adapt",
    "adapt",
    multiple=True,
    metavar="FILE",
    help="Let a copy of the model learn from this text first, to write in its manner; may be repeated.",
)
@options.unknown("What to do with characters of --seed and --adapt that the model has never seen.")
@option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Continue from the state in FILE, if it exists, and save the state there at the end.",
)
@option(
    "--probabilities",
    is_flag=True,
    help="Show the model's probability of each drawn character and of the most probable ones.",
)
@option(
    "--top",
    type=click.IntRange(min=0),
    default=TOP,
    show_default=True,
    metavar="N",
    help="How many of the most probable characters --probabilities shows.",
)
@option(
    "--novelty",
    "corpora",
    multiple=True,
    metavar="CORPUS",
    help="Report how much of the text is copied from a file or folder, and the longest passages; may be repeated.",
)
@declared(
    RUN_OPTIONS["encoding"],
    help="Encoding of the files of --novelty, --adapt and --seed.",
    unset=f"for --novelty and --adapt {ENCODING}, for --seed that of the model's text",
)
@option("--interactive", is_flag=True, help="Read lines from the terminal and continue each of them.")
@options.precision
@options.threads
@options.checkpoints
@options.as_json
def command(
    *,
    target: str | None,
    seed: str,
    given: str | None,
    num_samples: int,
    rng_seed: int | None,
    adapt: tuple[str, ...],
    unknown: str,
    state: Path | None,
    probabilities: bool,
    top: int,
    corpora: tuple[str, ...],
    encoding: str | None,
    interactive: bool,
    precision: str | None,
    threads: int | None,
    checkpoints: Path,
    as_json: bool,
    **settings: Any,
) -> None:
    """Draw text from a model: a RUN, a checkpoint FILE, or else the newest run.

    The text of --seed goes to stdout first, then each character as soon as it is drawn. With --seed @FILE,
    the newline at the end of the file is part of the seed, unless the model's vocabulary has none.

    The logits are divided by the temperature. Then --top-k, --top-p and --min-p are applied in this order, each to
    what the one before has left.

    With --novelty, passages of 20 or more characters found verbatim in CORPUS count as copied. For a model of
    documents, the drawn documents that occur complete in CORPUS are counted, too.

    With --num-samples, each text is preceded by a line with the --rng-seed that draws the same text with
    --num-samples 1. Models trained with --documents line print only the texts; --json shows the --rng-seed.

    A model of documents (charrnn train --documents) draws one document, which begins with the text of --seed, and
    stops by itself where the document ends, or after --length characters. A separator at the end of the seed is left
    out, such as the newline of --documents line.

    A model of --task conditional writes text for --given LABEL. Without --given, the label is
    drawn, too, and each text is printed as its label, a tab and the text.

    With --adapt, a copy of the model reads FILE once and learns from it as charrnn eval --dynamic does. The model
    itself does not change.

    Control characters are escaped on a terminal and written unchanged elsewhere.
    """
    unshown = {"--json": as_json, "--probabilities": probabilities, "--novelty": bool(corpora)}
    check_together(unshown, interactive, state, num_samples)
    check_belonging("top", "--probabilities", probabilities)
    check_belonging("encoding", "--novelty, --adapt or --seed @FILE", bool(corpora or adapt) or is_file(seed))
    check_corpora(corpora, encoding or ENCODING, seed)
    warn_of_number(seed, rng_seed)
    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints)
    announce_compilation()
    compile_for(path, precision)
    from charrnn.api import Model
    from charrnn.sampling.batch import settings_for

    model = Model.load(path, threads=threads, precision=precision)
    if given is not None:
        model = model.given(given)
    if adapt:
        model = model.adapted(*adapt, encoding=encoding, unknown=unknown)
    unit = model.vocabulary.unit
    text = read_seed(seed, unit, *([encoding] if encoding else encodings_of(seed, path)))
    asked = {name: value for name, value in settings.items() if value is not None}
    chosen = settings_for(unit, {**asked, "stop": tuple(map(unescaped, settings["stop"]))})
    texts = begin_texts(model, text, path, state, interactive, num_samples, rng_seed, unknown)
    with saved(texts.session, state) if texts.session and state else nullcontext():
        if texts.session and interactive:
            converse(texts.session, chosen, unit, unknown)
        else:
            if given is not None and as_json:
                texts = texts._replace(label=lambda text: given)
            writer = writer_for(model.vocabulary, texts, chosen, path, as_json, probabilities, bool(corpora))
            show(texts, chosen, min(top, len(model.vocabulary)) if probabilities else 0, writer)
    number = signals.let_go()
    if corpora:
        from charrnn.cli.sample.novelty import tell_novelty

        tell_novelty(writer, corpora, encoding or ENCODING, model.vocabulary)
    leave(texts.source, number)


class Texts(NamedTuple):
    """The texts to draw.

    Attributes:
        source: the line that names the model.
        prefix: the seed's symbols.
        rng_seeds: the generator's seed of each text; None if a saved state's generator continues.
        steps: the method ``steps`` of the session or of a ``SampleBatch``.
        label: returns the label that was drawn for a text; empty if there is none.
        session: the session of --state or --interactive.
        is_resumed: whether the text continues a saved state.
    """

    source: str
    prefix: str
    rng_seeds: Sequence[int | None]
    steps: Callable[..., Any]
    label: Callable[[int], str] = lambda text: ""
    session: "Session | None" = None
    is_resumed: bool = False


def begin_texts(
    model: "Model",
    text: str | bytes,
    path: Path,
    state: Path | None,
    interactive: bool,
    num_samples: int,
    rng_seed: int | None,
    unknown: str,
) -> Texts:
    """Prepare the texts: read the saved state, if any, and the seed ``text``."""
    from charrnn.sampling.batch import seed_for

    known_seed = seed_for(rng_seed)
    source = f"drawn from {path} with --rng-seed {known_seed}"
    if not (state or interactive):
        batch = model.batch(text, num_samples=num_samples, rng_seed=known_seed, unknown=unknown)
        return Texts(source, batch.prefix, batch.rng_seeds, batch.steps, batch.label)
    session = model.session(rng_seed=known_seed)
    if not (state and state.exists()):
        return Texts(source, session.read(text, unknown=unknown), [known_seed], session.steps, session=session)
    session.restore(state)
    source = f"drawn from {path}, going on from {state}"
    if rng_seed is not None:
        session.reseed(rng_seed)
        source += f" with --rng-seed {rng_seed}"
    return Texts(
        source, session.read(text, unknown=unknown), [rng_seed], session.steps, session=session, is_resumed=True
    )


def leave(source: str, number: int) -> None:
    """Print which model drew the text; exit with the code of signal ``number`` unless it is 0."""
    if number == signal.SIGINT:
        say()  # ends the line in which the terminal shows ^C
    say(source)
    if number:
        raise click.exceptions.Exit(128 + number)


@contextmanager
def saved(session: "Session", state: Path) -> Iterator[None]:
    """Save the state after the body, even if the body fails because the reader has closed the pipe."""
    from charrnn.session import state_path

    state_path(state)  # fails before anything is drawn
    try:
        yield
    finally:
        signals.keep(must_wait=True)
        session.save(state)


def check_together(unshown: Mapping[str, bool], interactive: bool, state: Path | None, num_samples: int) -> None:
    """Refuse options that exclude each other; ``unshown`` are those that do not fit --interactive."""
    if interactive and any(unshown.values()):
        given = " and ".join(name for name, is_given in unshown.items() if is_given)
        raise click.UsageError(f"--interactive shows text: leave out {given}.")
    if num_samples != 1 and (interactive or state):
        raise click.UsageError("--interactive and --state are for one text: leave out --num-samples.")


def check_corpora(corpora: tuple[str, ...], encoding: str, seed: str) -> None:
    """Check that the texts of --novelty can be read, before anything is drawn."""
    if seed == "-" and "-" in corpora:
        raise click.UsageError("--seed and --novelty cannot both be standard input: leave out one of them.")
    if corpora:
        check_encoding(encoding)
        versions(corpora)


def show(texts: Texts, settings: "SamplingSettings", top: int, writer: Any) -> None:
    """Draw and print all texts; a signal ends them after the text drawn so far."""
    text, session = -1, texts.session
    steps = partial(texts.steps, portion=writer.portion) if session else texts.steps
    with closing(steps(settings, top=top, interrupted=lambda: signals.noted > 0)) as drawn:
        for step in drawn:
            signals.keep(must_wait=session is not None)
            if step.text != text:
                text = step.text
                writer.begin(text)
            writer.step(step)
            if session and writer.portion:
                session.take()
            if step.stop_reason:
                writer.end(step)


def writer_for(
    vocabulary: "Vocabulary",
    texts: Texts,
    settings: "SamplingSettings",
    path: Path,
    as_json: bool,
    probabilities: bool,
    keeps: bool,
) -> Any:
    """Build the writer for the chosen output.

    Args:
        vocabulary: the model's vocabulary.
        texts: the texts to draw.
        settings: how they are drawn.
        path: the model's checkpoint.
        as_json: whether to print JSON.
        probabilities: whether to print the probabilities of characters.
        keeps: whether the writer keeps the texts for ``tell_novelty``, which then also prints their JSON.
    """
    from dataclasses import asdict

    from charrnn.cli.sample.writers import JsonWriter, ProbabilityWriter, TextWriter
    from charrnn.text.symbols import to_text

    writer: Any
    results: list[dict[str, Any]] = []
    if as_json:
        stops = [to_text(stop, vocabulary.unit) for stop in settings.stop]
        values = asdict(settings) | {"stop": stops, "checkpoint": str(path)}
        show_result = results.append if keeps else print_json
        writer = JsonWriter(vocabulary, texts.prefix, texts.rng_seeds, values, probabilities, show_result, texts.label)
    elif probabilities:
        writer = ProbabilityWriter(vocabulary, texts.rng_seeds, texts.label)
    else:
        writer = TextWriter(vocabulary, texts.prefix, texts.rng_seeds, texts.label)
    if not keeps:
        return writer
    from charrnn.cli.sample.novelty import KeepingWriter

    return KeepingWriter(writer, results, None if texts.is_resumed else texts.prefix)
