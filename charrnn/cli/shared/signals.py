"""Ctrl-C, SIGTERM and a closed terminal: one handler for all commands.

A handler's exception can appear anywhere. Where compiled code is loaded or a library calls back, it is swallowed,
replaced by another one, or crashes the process. So this handler never raises, except at a prompt:

    nothing to save         a signal ends the process at once
    something to ``keep``   the first signal only sets ``noted``; the command reads it and ends
    at a prompt             a signal sets ``noted`` and raises KeyboardInterrupt, as nothing else ends ``input``
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNAL_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Signals that end a program. Windows has no SIGHUP; it alone has SIGBREAK, for Ctrl-Break and a closed console."""

TICK = 0.5
"""Seconds between two alarms at a prompt."""


class Signals:
    """The handler of the signals that end a program.

    Attributes:
        noted: number of the first signal that came after ``keep``; 0 if none came.
    """

    def __init__(self) -> None:
        self.noted = 0
        self._stop: Callable[[], None] | None = None
        self._clean: Callable[[], None] | None = None
        self._must_wait = self._prompting = False
        self._input_ended = self._uncounted = False

    def install(self) -> None:
        """Install the handler, except for signals that the parent process ignores, such as SIGHUP under nohup."""
        for name in SIGNAL_NAMES:
            number = getattr(signal, name, None)
            if number and (number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN):
                signal.signal(number, self.handle)

    def keep(self, stop: Callable[[], None] = lambda: None, *, must_wait: bool = False) -> None:
        """Let the next signal set ``noted`` and call ``stop`` instead of ending the process.

        Args:
            stop: a function that asks the running work to end.
            must_wait: whether all later signals are ignored, too; otherwise the second one ends the process at once.
        """
        self._stop, self._must_wait = stop, must_wait

    @property
    def keeping(self) -> bool:
        """Whether ``keep`` is in force."""
        return self._stop is not None

    def let_go(self) -> int:
        """Undo ``keep``: let a signal end the process again; return ``noted`` and clear it."""
        self._stop = None
        return self.forget()

    def forget(self) -> int:
        """Return ``noted`` and clear it, so that another signal can be noted."""
        noted, self.noted = self.noted, 0
        return noted

    @contextlib.contextmanager
    def cleaning(self, clean: Callable[[], None]) -> Iterator[None]:
        """Call ``clean`` if a signal ends the process within the body."""
        self._clean = clean
        try:
            yield
        finally:
            self._clean = None

    @contextlib.contextmanager
    def prompting(self) -> Iterator[None]:
        """Let a signal, also one that was noted earlier, raise KeyboardInterrupt within the body."""
        with _alarms():
            try:
                self._prompting = True
                if self.noted:
                    raise KeyboardInterrupt
                yield
            finally:
                self._prompting = False

    def end_of_input(self) -> None:
        """Act like SIGTERM, but do not count as a signal.

        Whoever closed the input may have received the same signal as this process, at the same time: as all processes
        of a console do on Windows, and all of a job on a cluster. So a signal and the end of the input are no two
        signals, whichever comes first.
        """
        self._input_ended = True
        signal.raise_signal(signal.SIGTERM)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._prompting:
            self._prompting = False  # the next signal must not interrupt the handling of this one
            self.noted = number
            raise KeyboardInterrupt
        counts = not (self._input_ended and number == signal.SIGTERM)
        self._input_ended = self._input_ended and counts
        if self._stop and not self.noted:
            self.noted, self._uncounted = number, not counts
            self._stop()
        elif self._stop and (self._uncounted or not counts):
            self._uncounted = False
        elif not (self._stop and self._must_wait):
            self._end(number)

    def _end(self, number: int) -> None:
        if self._clean:
            self._clean()
        tell("\n")  # ends the line in which the terminal shows ^C
        os._exit(128 + number)  # sys.exit would wait for threads of a kernel or the compiler


signals = Signals()
"""The handler of this process."""


@contextlib.contextmanager
def _alarms() -> Iterator[None]:
    """Interrupt system calls every ``TICK`` seconds within the body.

    Otherwise readline would notice a signal that comes just before it waits for a key only at the next key. Windows has
    neither readline nor alarms; there, Ctrl-C itself ends the waiting.
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
    """Return a function for the signal handler that calls ``stop`` and tells the user."""

    def stop_and_tell() -> None:
        stop()
        tell("\nstopping after this step to save; once more to stop at once\n")

    return stop_and_tell


def tell(message: str) -> None:
    """Write to stderr directly, as the signal may have interrupted a write of Python's stream."""
    with contextlib.suppress(OSError):  # a closed terminal
        os.write(2, message.encode())
