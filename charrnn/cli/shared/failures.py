"""How a command ends when something goes wrong: one line on stderr and an exit code, never a traceback.

    1    an error that the user can act on, and errors of our own
    2    wrong usage (click's)
    128  and the number of the signal that interrupted it: 130 after Ctrl-C

With CHARRNN_DEBUG=1 errors pass through as they are.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol, TypeVar

import click

from charrnn.cli.shared.output import say
from charrnn.cli.shared.signals import signals
from charrnn.errors import CharrnnError

E = TypeVar("E")


@contextmanager
def one_line_failures() -> Iterator[None]:
    """Tell what the body raises in one line, and end the program with its exit code."""
    try:
        try:
            yield
            sys.stdout.flush()  # so that a closed pipe is noticed here and not while the interpreter ends
        except (click.exceptions.Exit, click.Abort):
            raise
        except (KeyboardInterrupt, Exception) as error:
            sys.exit(_told(error))
    finally:
        _let_stdout_go()


def _told(error: BaseException) -> int:
    """Tell of an error; returns the exit code."""
    if isinstance(error, OSError) and signals.noted:  # a terminal that is gone, or a reader that has stalled
        return 128 + signals.noted
    if isinstance(error, BrokenPipeError):  # the reader has all that it wants
        silence(sys.stdout, sys.stderr)
        return 0
    if isinstance(error, KeyboardInterrupt):
        say()  # ends the line in which the terminal shows ^C
        return 128 + signal.SIGINT
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return error.exit_code
    if os.environ.get("CHARRNN_DEBUG", "0") != "0":
        raise error
    say(f"charrnn: error: {explanation(error)}")
    return 1


def explanation(error: BaseException) -> str:
    """What an error means to the user, in one line."""
    if isinstance(error, CharrnnError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory: choose a smaller --hidden-size, --batch-size or --seq-length, or a shorter text"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else unwritable("the output", error)
    kind, text = type(error).__name__, " ".join(str(error).split())
    return f"internal error, please report it: {kind}: {text}; set CHARRNN_DEBUG=1 for the traceback"


def unwritable(what: str, error: OSError) -> str:
    """The message of output that could not be written."""
    return f"cannot write {what}: {error.strerror or error}; make room for it, or send it elsewhere"


class Shower(Protocol):
    """What shows events.

    Attributes:
        stream: where it writes.
    """

    stream: IO[str]

    def show(self, event: Any) -> None:
        """Show an event."""

    def close(self) -> None:
        """Leave the terminal in order."""


def show_events(events: Iterable[E], shower: Shower, stop: Callable[[], None]) -> tuple[E, OSError | None]:
    """Show all events; where one cannot be shown, nobody reads on or a disk is full: stop, and show no more.

    Returns:
        The last event, and why one could not be shown, if so.
    """
    failure: OSError | None = None
    try:
        for event in events:
            try:
                if failure is None:
                    shower.show(event)
            except OSError as error:
                failure = error
                silence(shower.stream)
                stop()
    finally:
        shower.close()
    return event, failure


def _let_stdout_go() -> None:
    """Write what stdout holds, or let it vanish: Python would try again when it ends, and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)


def silence(*streams: IO[str]) -> None:
    """Let what is still written to streams vanish: to a closed pipe, even the interpreter's end would be an error."""
    for stream in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
