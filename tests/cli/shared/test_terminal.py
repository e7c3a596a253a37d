import io
import os
import signal
import sys
import threading
import time

import pytest

from charrnn.cli.shared import terminal as module
from charrnn.cli.shared.signals import signals
from charrnn.cli.shared.terminal import put


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Windows are others")
@pytest.mark.parametrize("blocking", [True, False])
def test_all_is_written_though_a_signal_comes_between(blocking):
    text = "0123456789" * 100_000
    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    shown = []

    def read():
        time.sleep(0.1)  # until the pipe is full
        os.kill(os.getpid(), signal.SIGUSR1)
        while data := os.read(reader, 1 << 20):
            shown.append(data)

    thread = threading.Thread(target=read)
    thread.start()
    with io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True) as unbuffered:
        put(text, unbuffered)
    thread.join()
    os.close(reader)
    signal.signal(signal.SIGUSR1, before)
    assert b"".join(shown).decode() == text


@pytest.fixture
def noted(monkeypatch):
    """A signal has been noted."""
    monkeypatch.setattr(module, "STALL_SECONDS", 0.2)
    signals.keep()
    signals.noted = signal.SIGTERM
    yield
    signals.let_go()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Windows are others")
def test_after_a_signal_a_reader_that_takes_nothing_is_not_waited_for(noted):
    reader, writer = os.pipe()
    with io.TextIOWrapper(io.FileIO(writer, "w")) as pipe:
        put("what it takes", pipe)
        assert os.read(reader, 100) == b"what it takes"
        with pytest.raises(TimeoutError):
            put("x" * 1_000_000, pipe)
    os.close(reader)


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Windows are others")
def test_a_terminal_that_stands_still_keeps_nobody_waiting_after_a_signal(noted):
    ours, theirs = os.openpty()
    with io.TextIOWrapper(io.FileIO(theirs, "w")) as terminal:
        for length in range(20):  # whatever is left of its buffer
            with pytest.raises(TimeoutError):
                put("x" * length + "\n\t" * 100_000, terminal)
            os.read(ours, length)
    os.close(ours)


@pytest.fixture
def windows(monkeypatch):
    """No way to see whether a pipe has room, nor to write without waiting."""

    def refused(*descriptors):
        raise OSError(10038, "not a socket")

    monkeypatch.setattr(module, "WINDOWS", True)
    monkeypatch.setattr(module.select, "select", refused)
    signals.keep()
    yield
    signals.let_go()


def test_on_windows_a_slow_reader_gets_all(windows, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.001)
    text, shown = "0123456789é" * 20_000, []
    reader, writer = os.pipe()

    def read():
        while data := os.read(reader, 1 << 14):
            shown.append(data)
            time.sleep(0.002)

    thread = threading.Thread(target=read)
    thread.start()
    with io.TextIOWrapper(io.FileIO(writer, "w"), encoding="utf-8") as pipe:
        put(text, pipe)
    thread.join()
    os.close(reader)
    assert b"".join(shown).decode() == text


def test_on_windows_a_reader_that_takes_nothing_is_not_waited_for_after_a_signal(windows, noted):
    reader, writer = os.pipe()
    pipe = io.TextIOWrapper(io.FileIO(writer, "w"))
    with pytest.raises(TimeoutError):
        put("x" * 1_000_000, pipe)
    while len(os.read(reader, 1 << 16)) == 1 << 16:  # lets the thread end
        pass
    pipe.close()
    os.close(reader)


def test_on_windows_a_closed_pipe_is_an_error(windows):
    reader, writer = os.pipe()
    os.close(reader)
    with io.TextIOWrapper(io.FileIO(writer, "w")) as pipe, pytest.raises(BrokenPipeError):
        put("nobody reads this", pipe)


@pytest.mark.parametrize("text", ["é" * 5000, "x" + "é" * 5000, "€" * 5000, "xx" + "😀" * 5000])
def test_no_character_is_written_in_two_parts(text):
    written = []

    class Console(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            written.append(bytes(data))
            return len(data)

    with io.TextIOWrapper(Console(), encoding="utf-8") as console:
        put(text, console)
    assert len(written) > 1
    assert "".join(data.decode() for data in written) == text
    assert max(map(len, written)) <= module.PIPE_BYTES


def test_bytes_that_are_no_characters_are_written_all_the_same():
    data = b"\x80" * 10_000
    with io.TextIOWrapper(io.BytesIO()) as stream:
        put(data, stream)
        assert stream.buffer.getvalue() == data
