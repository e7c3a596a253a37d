"""A prompt at which a model goes on with what is typed."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from charrnn.cli.shared.failures import INTERRUPTED, end
from charrnn.cli.shared.interrupts import Once, Pause
from charrnn.cli.shared.output import say
from charrnn.cli.shared.terminal import PORTION, Display
from charrnn.errors import VocabularyError

if TYPE_CHECKING:
    from charrnn.sampling.settings import SamplingSettings
    from charrnn.session import Session

PROMPT = "> "


def converse(session: "Session", settings: "SamplingSettings", unit: str, unknown: str) -> None:
    """Read lines until the end of the input; after each, draw on. Ctrl-C stops what is being read or drawn.

    A line is read without its newline, so that a word can be gone on with; an empty line just goes on.
    """
    if sys.stdin.isatty():
        with suppress(ImportError):  # not every Python has it
            import readline  # noqa: F401, gives input() its history and editing

        say("type what the model shall go on with; Ctrl-C stops its text, Ctrl-D ends")
    display = Display(unit)
    with Once() as interrupt:
        while True:
            try:
                interrupt.expect()
                line = typed()
            except EOFError:
                interrupt.ignore()
                break
            except KeyboardInterrupt:
                say()
                continue
            try:
                session.read(line, unknown=unknown)
                interrupt.ignore()
            except VocabularyError as error:
                interrupt.ignore()
                say(f"charrnn: error: {error}")
                continue
            except KeyboardInterrupt:  # the session is as it was before the line
                say()
                continue
            draw(session, settings, display)
    if display.is_terminal:
        display.line("")


def typed() -> str:
    """The next line of the input; a prompt for it is for people and goes into no pipe."""
    prompt = PROMPT if sys.stdin.isatty() else ""
    if prompt and not sys.stdout.isatty():
        click.echo(prompt, nl=False, err=True)
        prompt = ""
    try:
        return input(prompt)
    except SystemError as error:  # Python 3.10 does not always notice that a handler has raised while readline waited
        raise error.__cause__ or error from None


def draw(session: "Session", settings: "SamplingSettings", display: Display) -> None:
    """Draw one text and show it."""
    try:
        with Pause(keep=True) as pause:
            for step in session.steps(settings, portion=PORTION, interrupted=pause.asked):
                with pause.delivering():
                    display.write(step.piece.symbols)
                    session.take()
        if pause.exit_code != INTERRUPTED:
            end(pause.exit_code - 128)
    except KeyboardInterrupt:
        say()
    display.end()
    display.line("")
