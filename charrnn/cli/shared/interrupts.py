"""Ctrl-C and SIGTERM while a run trains, while text is drawn, and at a prompt."""

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType

from charrnn.cli.shared.failures import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Within its ``with`` block, the first signal asks the run to stop, and the next one ends the process.

    The process also ends at once while there is nothing to save: compiling and reading cannot be asked to stop.

    Attributes:
        stop: called by the first signal; None while there is nothing to save.
    """

    def __init__(self) -> None:
        self.stop: Callable[[], None] | None = None
        self._requested = False

    def __enter__(self) -> "Interrupts":
        self._before = [signal.signal(number, self._handle) for number in SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in zip(SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._requested or self.stop is None:
            os.write(2, b"\n")  # not through a stream: the signal may have come while one was being written
            os._exit(INTERRUPTED)  # threads of a kernel or the compiler would keep sys.exit waiting
        self._requested = True
        self.stop()
        os.write(2, b"\nstopping after this step to save; once more to stop at once\n")


class Pause:
    """Within its ``with`` block, once something has been drawn, Ctrl-C is a wish that is looked up in ``asked``.

    Before that, and the second time, it is a KeyboardInterrupt: reading and compiling cannot be asked to stop.
    """

    def __init__(self) -> None:
        self._drawing = self._asked = False

    def asked(self) -> bool:
        """Whether Ctrl-C was pressed; to be called after each chunk that was drawn."""
        self._drawing = True
        return self._asked

    def __enter__(self) -> "Pause":
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked or not self._drawing:
            raise KeyboardInterrupt
        self._asked = True


class Once:
    """Within its ``with`` block, Ctrl-C is one KeyboardInterrupt for each time that it was ``expected``; else nothing.

    What deals with the first one would be ended by a second one that comes at once.

    Attributes:
        expected: whether the next Ctrl-C raises.
    """

    def __init__(self) -> None:
        self.expected = False

    def __enter__(self) -> "Once":
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.expected:
            self.expected = False
            raise KeyboardInterrupt
