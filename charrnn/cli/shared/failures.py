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
from charrnn.system import is_closed_pipe

E = TypeVar("E")


@contextmanager
def one_line_failures() -> Iterator[None]:
    """Print an error of the body in one line, and exit with the exit code of that error."""
    try:
        try:
            yield
            sys.stdout.flush()  # to notice a closed pipe here, not while the interpreter exits
        except (click.exceptions.Exit, click.Abort):
            raise
        except (KeyboardInterrupt, Exception) as error:
            sys.exit(_told(error))
    finally:
        _let_stdout_go()


def _told(error: BaseException) -> int:
    """Print an error and return the exit code."""
    if isinstance(error, OSError) and signals.noted:  # the terminal is closed, or the reader has stalled
        return 128 + signals.noted
    if is_closed_pipe(error):  # the reader has closed the pipe
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
    """Explain an error to the user in one line."""
    if isinstance(error, CharrnnError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory: choose a smaller --hidden-size, --batch-size or --seq-length, or a shorter text"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else unwritable("the output", error)
    kind, text = type(error).__name__, " ".join(str(error).split())
    return f"internal error, please report it: {kind}: {text}; set CHARRNN_DEBUG=1 for the traceback"


def unwritable(what: str, error: OSError) -> str:
    """Build the error message for output that could not be written."""
    return f"cannot write {what}: {error.strerror or error}; make room for it, or send it elsewhere"


class Shower(Protocol):
    """A display of events.

    Attributes:
        stream: the stream that it writes to.
    """

    stream: IO[str]

    def show(self, event: Any) -> None:
        """Show an event."""

    def close(self) -> None:
        """Remove a progress bar from the terminal."""


def show_events(events: Iterable[E], shower: Shower, stop: Callable[[], None]) -> tuple[E, OSError | None]:
    """Show all events; after the first failure (a closed pipe, a full disk) call ``stop`` and show no more.

    Returns:
        The last event, and the error of the first failure, if any.
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
    """Flush stdout, or discard its buffer: Python would flush again at exit, fail, and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)


def silence(*streams: IO[str]) -> None:
    """Discard all further output to streams; to a closed pipe, even the flush at exit would fail."""
    for stream in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
