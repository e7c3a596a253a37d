"""Ctrl-C, SIGTERM and a terminal that is closed: while a run trains, while text is drawn, and at a prompt."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from charrnn.cli.shared.failures import INTERRUPTED, end, interrupt

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


PATIENCE = 1.0
"""Seconds in which what is drawn may stop by itself after a signal."""

LOOK = 0.5

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


def set_alarm(
    seconds: float, handler: Callable[[int, FrameType | None], None] | None, *, again: bool = False
) -> Callable[[], None]:
    """Call ``handler`` after so many seconds, and perhaps again and again; returns what undoes it.

    None switches off what was set before. Where there is no such signal nothing is done.
    """
    if not hasattr(signal, "SIGALRM"):
        return lambda: None
    before = signal.signal(signal.SIGALRM, handler or signal.SIG_IGN)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, seconds if again else 0)

    def undo() -> None:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)

    return undo


class Pause:
    """Within its ``with`` block, once something has been drawn, a signal is a wish that is looked up in ``asked``.

    Before that, and the second time, it ends the command: reading and compiling cannot be asked to stop. It also does
    after PATIENCE, as what was drawn may not find a reader.

    Args:
        keep: whether there is something to keep even if nothing has been drawn yet.

    Attributes:
        exit_code: 128 and the number of the signal; as after Ctrl-C if there was none.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self._drawing = False
        self._number = 0
        self.exit_code = INTERRUPTED

    def asked(self) -> bool:
        """Whether a signal came; to be called after each chunk that was drawn."""
        self._drawing = True
        return self._number > 0

    def __enter__(self) -> "Pause":
        self._undo = set_alarm(0, None)
        self._before = handle_signals(self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        restore_signals(self._before)
        self._undo()
        if isinstance(error, OSError) and self._number:  # the terminal is gone, as the signal said
            end(self._number)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._drawing and not self._number:
            self._number, self.exit_code = number, 128 + number
            set_alarm(PATIENCE, lambda *_: end(number))
        elif number == signal.SIGINT:
            interrupt()
        elif self._keep:
            end(number)
        else:
            os._exit(128 + number)  # threads of a kernel or the compiler would keep sys.exit waiting


class Once:
    """Within its ``with`` block, Ctrl-C is one KeyboardInterrupt for each time that it was ``expected``; else nothing.

    What deals with the first one would be ended by a second one that comes at once. The other signals end the command
    where they are expected, at once or the next time.

    readline waits for a key even if a signal came just before: it looks for that once in LOOK seconds.
    """

    def __init__(self) -> None:
        self._expected = False
        self._ended_by = 0

    def expect(self) -> None:
        """The next signal raises."""
        self._expected = True
        if self._ended_by:
            end(self._ended_by)

    def ignore(self) -> None:
        """It does not, unless it is expected again."""
        self._expected = False

    def __enter__(self) -> "Once":
        self._before = handle_signals(self._handle)
        self._undo = set_alarm(LOOK, lambda *_: None, again=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo()
        restore_signals(self._before)
        if isinstance(error, OSError) and self._ended_by:
            end(self._ended_by)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        expected, self._expected = self._expected, False
        if number != signal.SIGINT:
            self._ended_by = number
        if expected and number == signal.SIGINT:
            interrupt()
        if expected:
            end(number)
