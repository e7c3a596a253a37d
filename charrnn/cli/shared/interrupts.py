"""Ctrl-C, SIGTERM and a terminal that is closed: while a run trains, while text is drawn, and at a prompt."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import click

from charrnn.cli.shared.failures import INTERRUPTED, interrupt

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


Handlers = dict[signal.Signals, Any]


def handle_signals(handler: Callable[[int, FrameType | None], None]) -> Handlers:
    """Let the signals that end a program go to ``handler``; returns what handled them before."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, now in before.items():
        if number == signal.SIGINT or now != signal.SIG_IGN:  # nohup wants SIGHUP to be ignored
            signal.signal(number, handler)
    return before


def restore_signals(before: Handlers) -> None:
    """Let them go to what handled them before."""
    for number, handler in before.items():
        signal.signal(number, handler)


class Interrupts:
    """Within its ``with`` block, the first signal asks the run to stop, and the next one ends the process.

    The process also ends at once while there is nothing to save: compiling and reading cannot be asked to stop.

    Attributes:
        stop: called by the first signal; None while there is nothing to save.
        exit_code: 128 and the number of the first signal; as after Ctrl-C if there was none.
    """

    def __init__(self) -> None:
        self.stop: Callable[[], None] | None = None
        self.exit_code = INTERRUPTED
        self._requested = False

    def __enter__(self) -> "Interrupts":
        self._before = handle_signals(self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        restore_signals(self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._requested or self.stop is None:
            _write(b"\n")
            os._exit(128 + number)  # threads of a kernel or the compiler would keep sys.exit waiting
        self._requested = True
        self.exit_code = 128 + number
        self.stop()
        _write(b"\nstopping after this step to save; once more to stop at once\n")


def interrupt_at_eof() -> None:
    """Let the end of standard input be a SIGTERM: a pipe ends with the process that holds it, however that dies."""

    def wait() -> None:
        while os.read(0, 1 << 10):  # not through sys.stdin, whose lock would be held when the interpreter ends
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=wait, name="until-eof", daemon=True).start()


def _write(message: bytes) -> None:
    """Tell the user; not through a stream: the signal may have come while one was being written."""
    with contextlib.suppress(OSError):  # of a terminal that is closed
        os.write(2, message)


class Pause:
    """Within its ``with`` block, once something has been drawn, a signal is a wish that is looked up in ``asked``.

    Before that, and the second time, it ends the command as ever: reading and compiling cannot be asked to stop.

    Attributes:
        exit_code: 128 and the number of the signal; as after Ctrl-C if there was none.
    """

    def __init__(self) -> None:
        self._drawing = self._asked = False
        self.exit_code = INTERRUPTED

    def asked(self) -> bool:
        """Whether a signal came; to be called after each chunk that was drawn."""
        self._drawing = True
        return self._asked

    def __enter__(self) -> "Pause":
        self._before = handle_signals(self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        restore_signals(self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._drawing and not self._asked:
            self._asked, self.exit_code = True, 128 + number
        elif number == signal.SIGINT:
            interrupt()
        else:
            os._exit(128 + number)  # threads of a kernel or the compiler would keep sys.exit waiting


class Once:
    """Within its ``with`` block, Ctrl-C is one KeyboardInterrupt for each time that it was ``expected``; else nothing.

    What deals with the first one would be ended by a second one that comes at once. The other signals end the command:
    where they are expected, by an exception, so that it can save.

    Attributes:
        expected: whether the next signal raises.
    """

    def __init__(self) -> None:
        self.expected = False

    def __enter__(self) -> "Once":
        self._before = handle_signals(self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        restore_signals(self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        expected, self.expected = self.expected, False
        if number == signal.SIGINT:
            if expected:
                interrupt()
        elif expected:
            raise click.exceptions.Exit(128 + number)
        else:
            os._exit(128 + number)
