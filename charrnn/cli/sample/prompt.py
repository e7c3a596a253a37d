"""A prompt at which a model continues the typed text."""

import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from charrnn.cli.sample.display import PORTION, Display
from charrnn.cli.shared.output import say
from charrnn.cli.shared.signals import signals
from charrnn.errors import VocabularyError

if TYPE_CHECKING:
    from charrnn.sampling.settings import SamplingSettings
    from charrnn.session import Session

PROMPT = "> "


def converse(session: "Session", settings: "SamplingSettings", unit: str, unknown: str) -> None:
    """Read lines until the end of the input and continue each. Ctrl-C discards the line or stops the drawing.

    The model reads a line without its newline, so that it can complete a word; after an empty line it just continues.
    """
    if sys.stdin.isatty():
        with suppress(ImportError):  # not every Python has it
            import readline  # noqa: F401, gives input() its history and editing

        say("type what the model shall go on with; Ctrl-C stops its text, Ctrl-D ends")
    display = Display(unit)
    while True:
        try:
            with signals.prompting():
                line = typed_line()
        except EOFError:
            break
        except KeyboardInterrupt:
            if signals.noted != signal.SIGINT:
                break
            signals.forget()
            say()
            continue
        try:
            session.read(line, unknown=unknown)
        except VocabularyError as error:
            say(f"charrnn: error: {error}")
            continue
        draw_and_show(session, settings, display)
    if display.is_terminal:
        display.line("")


def typed_line() -> str:
    """Read the next line of the input, with a prompt on a terminal only."""
    prompt = PROMPT if sys.stdin.isatty() else ""
    if prompt and not sys.stdout.isatty():
        click.echo(prompt, nl=False, err=True)
        prompt = ""
    try:
        return input(prompt).removesuffix("\r")  # a pipe's lines may end with \r\n
    except SystemError as error:  # Python 3.10 may miss that a handler has raised while readline waited
        raise error.__cause__ or error from None


def draw_and_show(session: "Session", settings: "SamplingSettings", display: Display) -> None:
    """Draw one text and show it."""
    with suppress(TimeoutError):  # the terminal has stalled
        for step in session.steps(settings, portion=PORTION, interrupted=lambda: signals.noted > 0):
            signals.keep(must_wait=True)
            display.write(step.piece.symbols)
            session.take()
    if signals.noted == signal.SIGINT:
        signals.forget()
        say()
    display.end()
    display.line("")
