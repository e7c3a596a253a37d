"""Ctrl-C, SIGTERM and a closed terminal: one handler for all commands.

A handler that raises can do so anywhere. Where compiled code is loaded or a library calls back, the exception is
swallowed, turned into another one, or crashes the process. So this one never raises, except at a prompt:

    nothing to save         a signal ends the process at once
    something to ``keep``   the first signal is noted, and the command ends where it looks at ``noted``
    at a prompt             a signal is noted and raises KeyboardInterrupt, as nothing else ends ``input``
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNAL_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
"""Windows has no SIGHUP."""

TICK = 0.5
"""Seconds between two alarms at a prompt."""


class Signals:
    """What the signals that end a program do in this one.

    Attributes:
        noted: number of the first signal that came while something was kept; 0 if none came.
    """

    def __init__(self) -> None:
        self.noted = 0
        self._stop: Callable[[], None] | None = None
        self._clean: Callable[[], None] | None = None
        self._must_wait = self._prompting = False

    def install(self) -> None:
        """Handle the signals from now on, except those that the caller ignores, such as SIGHUP under nohup."""
        for name in SIGNAL_NAMES:
            number = getattr(signal, name, None)
            if number and (number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN):
                signal.signal(number, self.handle)

    def keep(self, stop: Callable[[], None] = lambda: None, *, must_wait: bool = False) -> None:
        """Note the next signal instead of ending the process.

        Args:
            stop: called by the signal, in its handler.
            must_wait: ignore further signals. Without it, the second one ends the process at once.
        """
        self._stop, self._must_wait = stop, must_wait

    @property
    def keeping(self) -> bool:
        """Whether there is something to keep."""
        return self._stop is not None

    def let_go(self) -> int:
        """Let a signal end the process again; return the one that was noted and forget it."""
        self._stop = None
        return self.forget()

    def forget(self) -> int:
        """Return the signal that was noted, and be ready to note another."""
        noted, self.noted = self.noted, 0
        return noted

    @contextlib.contextmanager
    def cleaning(self, clean: Callable[[], None]) -> Iterator[None]:
        """Within the body, call ``clean`` before a signal ends the process."""
        self._clean = clean
        try:
            yield
        finally:
            self._clean = None

    @contextlib.contextmanager
    def prompting(self) -> Iterator[None]:
        """Within the body, a signal is noted and raises KeyboardInterrupt; so does one that was noted before it."""
        with _alarms():
            try:
                self._prompting = True
                if self.noted:
                    raise KeyboardInterrupt
                yield
            finally:
                self._prompting = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._prompting:
            self._prompting = False  # what deals with this one must not be ended by the next
            self.noted = number
            raise KeyboardInterrupt
        if self._stop and not self.noted:
            self.noted = number
            self._stop()
        elif not (self._stop and self._must_wait):
            self._end(number)

    def _end(self, number: int) -> None:
        if self._clean:
            self._clean()
        tell("\n")  # ends the line in which the terminal shows ^C
        os._exit(128 + number)  # threads of a kernel or the compiler would keep sys.exit waiting


signals = Signals()
"""Those of this process."""


@contextlib.contextmanager
def _alarms() -> Iterator[None]:
    """Within the body, interrupt system calls now and then.

    A signal that comes just before readline waits for a key is not seen until something wakes it.
    """
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def stopping(stop: Callable[[], None]) -> Callable[[], None]:
    """What a signal calls to stop training: ``stop``, and a line for the user."""

    def stop_and_tell() -> None:
        stop()
        tell("\nstopping after this step to save; once more to stop at once\n")

    return stop_and_tell


def tell(message: str) -> None:
    """Write to stderr, not through Python's stream: the signal may have come while that was being written."""
    with contextlib.suppress(OSError):  # of a terminal that is closed
        os.write(2, message.encode())
