"""Ctrl-C, SIGTERM and a terminal that is closed: while a run trains, while text is drawn, and at a prompt."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TypeVar

from charrnn.cli.shared.failures import INTERRUPTED, interrupt

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


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
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        for number, handler in self._before.items():
            if number == signal.SIGINT or handler != signal.SIG_IGN:  # nohup wants SIGHUP to be ignored
                signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

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


C = TypeVar("C", bound="CtrlC")


class CtrlC:
    """Within its ``with`` block, Ctrl-C is what ``_handle`` makes of it."""

    def __enter__(self: "C") -> "C":
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        raise NotImplementedError


class Pause(CtrlC):
    """Within its ``with`` block, once something has been drawn, Ctrl-C is a wish that is looked up in ``asked``.

    Before that, and the second time, it is a KeyboardInterrupt: reading and compiling cannot be asked to stop.
    """

    def __init__(self) -> None:
        self._drawing = self._asked = False

    def asked(self) -> bool:
        """Whether Ctrl-C was pressed; to be called after each chunk that was drawn."""
        self._drawing = True
        return self._asked

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked or not self._drawing:
            interrupt()
        self._asked = True


class Once(CtrlC):
    """Within its ``with`` block, Ctrl-C is one KeyboardInterrupt for each time that it was ``expected``; else nothing.

    What deals with the first one would be ended by a second one that comes at once.

    Attributes:
        expected: whether the next Ctrl-C raises.
    """

    def __init__(self) -> None:
        self.expected = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.expected:
            self.expected = False
            interrupt()
