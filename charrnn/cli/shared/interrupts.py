"""Ctrl-C, SIGTERM and a terminal that is closed: while a run trains, while text is drawn, and at a prompt."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import NoReturn, TypeVar

from charrnn.cli.shared.failures import INTERRUPTED, end, interrupt
from charrnn.cli.shared.terminal import stalled

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

PATIENCE = 1.0
"""Seconds that a reader may keep what is drawn waiting after a signal."""

LOOK = 0.5
"""Seconds after which a prompt looks again whether a signal came, and a pause whether the reader has stalled."""


H = TypeVar("H", bound="Handled")


class Handled:
    """Within its ``with`` block, the signals that end a program go to ``_handle``."""

    def __enter__(self: H) -> H:
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._take_over()
        return self

    def _take_over(self) -> None:
        for number, before in self._before.items():
            if number == signal.SIGINT or before != signal.SIG_IGN:  # nohup wants SIGHUP to be ignored
                signal.signal(number, self._handle)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        raise NotImplementedError


class Interrupts(Handled):
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

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._requested or self.stop is None:
            _write(b"\n")
            os._exit(128 + number)  # threads of a kernel or the compiler would keep sys.exit waiting
        self._requested = True
        self.exit_code = 128 + number
        self.stop()
        _write(b"\nstopping after this step to save; once more to stop at once\n")


def end_by(number: int) -> NoReturn:
    """Raise what a signal is to a command that has something to keep: Ctrl-C may end no more than what is under way."""
    if number == signal.SIGINT:
        interrupt()
    end(number)


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


E = TypeVar("E", bound="Ending")


class Ending(Handled):
    """Handles signals with the help of an alarm.

    A terminal that is gone makes writing fail, often before the signal that says so has been looked up: then that has
    ended the block. So it has where Numba, which was looking at a kernel's arguments, has made a TypeError of what the
    signal raised.
    """

    def __init__(self) -> None:
        self._number = 0
        """Of the signal that came; 0 if none did."""
        self._raised = 0
        """Of the one that was raised; 0 if none was."""

    def __enter__(self: E) -> E:
        self._undo = self._set_alarm()
        super().__enter__()
        for handler in self._before.values():
            if isinstance(outer := getattr(handler, "__self__", None), Saving):
                outer.waits = True  # what has been done here is saved next
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._undo()
        if isinstance(error, OSError) and self._number:
            end(self._number)
        if isinstance(error, TypeError) and self._raised:
            self._raise(self._raised)

    def _set_alarm(self) -> Callable[[], None]:
        raise NotImplementedError

    def _raise(self, number: int) -> None:
        self._raised = number
        end_by(number)


class Pause(Ending):
    """Within its ``with`` block, once something has been drawn, a signal is a wish that is looked up in ``asked``.

    Before that, and the second time, it ends the command: reading and compiling cannot be asked to stop. It also does
    where the reader has stalled for PATIENCE. Once something has been drawn, that is an exception: it may have to be
    saved.

    Args:
        keep: whether there is something to keep even if nothing has been drawn yet: then Ctrl-C ends no more than the
            block.
    """

    def __init__(self, *, keep: bool = False) -> None:
        super().__init__()
        self._keep = keep
        self._drawing = self._delivering = False

    def asked(self) -> bool:
        """Whether a signal came; to be called after each chunk that was drawn."""
        self._drawing = True
        return self._number > 0

    @contextlib.contextmanager
    def delivering(self) -> Iterator[None]:
        """A second signal does not come between what the body writes and what it notes of that."""
        self._delivering = True
        yield
        self._delivering = False

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal; as after Ctrl-C if there was none."""
        return 128 + self._number if self._number else INTERRUPTED

    def _set_alarm(self) -> Callable[[], None]:
        return set_alarm(0, None)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._drawing and not self._number:
            self._number = number
            set_alarm(LOOK, lambda *_: self._look(), again=True)
        elif self._delivering and self._number:
            pass  # it ends soon, or the reader has stalled
        elif self._keep or self._number:
            self._raise(number)
        elif number == signal.SIGINT:
            interrupt()
        else:
            os._exit(128 + number)  # threads of a kernel or the compiler would keep sys.exit waiting

    def _look(self) -> None:
        if stalled() > PATIENCE:
            self._raise(self._number)

    def _raise(self, number: int) -> None:
        if self._number != signal.SIGINT:  # which may end no more than the block, and must not hide another one
            number = self._number or number
        self._raised = number
        (end_by if self._keep else end)(number)


class Saving(Handled):
    """Within its ``with`` block, the first signal is an exception. Others wait, and all do where it is told so.

    Who goes on after the block's work asks ``let_go`` for those that have waited; an exception ends the command anyway.

    Attributes:
        waits: whether signals wait; true from the first one on, and once a block within this one has dealt with them.
    """

    def __init__(self) -> None:
        self.waits = False
        self._number = 0
        """Of the first signal that had to wait; 0 if none came."""

    def hold(self) -> None:
        """Let signals wait from now on, whatever a block within this one has left behind that a signal ended."""
        self.waits = True
        self._take_over()

    def let_go(self) -> None:
        """End the command if a signal has waited."""
        if self._number:
            end(self._number)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.waits:
            self._number = self._number or number
        else:
            self.waits = True
            end_by(number)


class Once(Ending):
    """Within its ``with`` block, Ctrl-C is one KeyboardInterrupt for each time that it was ``expected``; else nothing.

    What deals with the first one would be ended by a second one that comes at once. The other signals end the command
    where they are expected, at once or the next time.

    readline waits for a key even if a signal came just before: it looks for that once in LOOK seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._expected = False

    def expect(self) -> None:
        """The next signal raises."""
        self._expected, self._raised = True, 0
        if self._number:
            end(self._number)

    def ignore(self) -> None:
        """It does not, unless it is expected again."""
        self._expected, self._raised = False, 0

    def _set_alarm(self) -> Callable[[], None]:
        return set_alarm(LOOK, lambda *_: None, again=True)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        expected, self._expected = self._expected, False
        if number != signal.SIGINT:
            self._number = number
        if expected:
            self._raise(number)
