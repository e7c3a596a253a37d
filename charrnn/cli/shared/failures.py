"""How a command ends when something goes wrong: one line on stderr and an exit code, never a traceback.

    1    an error that the user can act on, and errors of our own
    2    wrong usage (click's)
    128  and the number of the signal that interrupted it: 130 after Ctrl-C

With CHARRNN_DEBUG=1 errors pass through as they are.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO, Any, NoReturn

import click

from charrnn.cli.shared.output import say
from charrnn.errors import CharrnnError

INTERRUPTED = 130

_pressed: list[int] = []
"""The signals that have interrupted the command; not an event, whose lock a second one would find taken."""


class Ended(BaseException):
    """A signal ends the command, which may save what it has; what goes on after Ctrl-C does not go on after this.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def interrupt(number: int = signal.SIGINT, frame: FrameType | None = None) -> NoReturn:
    """Raise a KeyboardInterrupt; a handler of SIGINT."""
    _pressed.append(number)
    raise KeyboardInterrupt


def end(number: int) -> NoReturn:
    """Raise Ended, of a signal."""
    _pressed.append(number)
    raise Ended(number)


class Failure(click.ClickException):
    """An error that is told in one line."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        say(f"charrnn: error: {self.message}")


@contextmanager
def one_line_failures() -> Iterator[None]:
    """Turn what the body raises into what click ends the program with."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
        sys.stdout.flush()  # so that a closed pipe is noticed here and not while the interpreter ends
    except BrokenPipeError:  # the reader has all that it wants
        silence(sys.stdout, sys.stderr)
        raise click.exceptions.Exit(0) from None
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Ended as ended:
        raise click.exceptions.Exit(128 + ended.number) from None
    except (KeyboardInterrupt, Exception) as error:
        # Numba makes a TypeError of an interrupt that comes while it looks at a kernel's arguments.
        if isinstance(error, KeyboardInterrupt) or (_pressed and isinstance(error, TypeError)):
            click.echo(err=True)  # ends the line in which the terminal shows ^C
            number = _pressed[-1] if isinstance(error, TypeError) else signal.SIGINT
            raise click.exceptions.Exit(128 + number) from None
        if os.environ.get("CHARRNN_DEBUG", "0") != "0":
            raise
        raise Failure(explanation(error)) from None
    finally:
        let_go()


def explanation(error: Exception) -> str:
    """What an error means to the user, in one line."""
    if isinstance(error, CharrnnError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory: choose a smaller --hidden-size, --batch-size or --seq-length, or a shorter text"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    kind, text = type(error).__name__, " ".join(str(error).split())
    return f"internal error, please report it: {kind}: {text}; set CHARRNN_DEBUG=1 for the traceback"


def let_go() -> None:
    """Write what stdout holds, or let it vanish: Python would try again when it ends, and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)


def silence(*streams: IO[str]) -> None:
    """Let what is still written to streams vanish: to a closed pipe, even the interpreter's end would be an error."""
    for stream in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
