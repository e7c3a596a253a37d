import io
import os
import signal
import time

import pytest

from charrnn.cli.shared import interrupts
from charrnn.cli.shared.failures import Ended as EndedBySignal
from charrnn.cli.shared.interrupts import SIGNALS, Interrupts, Once, Pause, Saving
from charrnn.cli.shared.terminal import put

LOOK, PATIENCE = 0.05, 0.2


class Ended(BaseException):
    pass


@pytest.fixture(autouse=True)
def _exit(monkeypatch):
    def end(code):
        raise Ended(code)

    monkeypatch.setattr("os._exit", end)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops_and_the_second_ends(number, capfd):
    stopped = []
    with Interrupts() as handled:
        handled.stop = lambda: stopped.append(True)
        signal.raise_signal(number)
        assert stopped == [True]
        assert "once more to stop at once" in capfd.readouterr().err
        with pytest.raises(Ended, match=str(128 + number)):
            signal.raise_signal(number)
    assert stopped == [True]
    assert handled.exit_code == 128 + number


def test_with_nothing_to_save_the_first_signal_ends():
    with Interrupts(), pytest.raises(Ended, match="130"):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Interrupts() as handled:
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    signal.signal(signal.SIGHUP, before)
    assert handled.exit_code == 130


def test_handlers_are_restored():
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interrupts():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_second_one_at_once_is_dropped():
    before = signal.getsignal(signal.SIGINT)
    with Once() as interrupt:
        signal.raise_signal(signal.SIGINT)  # nothing expects it
        for _ in range(2):
            interrupt.expect()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def others():
    return [number for number in SIGNALS if number != signal.SIGINT]


@pytest.mark.parametrize("number", others())
def test_a_signal_that_is_not_expected_ends_the_next_time(number):
    with Once() as interrupt:
        signal.raise_signal(number)
        with pytest.raises(EndedBySignal):
            interrupt.expect()


@pytest.mark.parametrize("number", others())
def test_a_signal_before_anything_is_drawn_ends_what_has_something_to_keep_by_an_exception(number):
    with pytest.raises(Ended, match=str(128 + number)), Pause():
        signal.raise_signal(number)
    with pytest.raises(EndedBySignal), Pause(keep=True):
        signal.raise_signal(number)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="Windows has no SIGALRM")
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_reader_that_has_stalled_ends_what_is_written(number, keep, monkeypatch):
    monkeypatch.setattr(interrupts, "LOOK", LOOK)
    monkeypatch.setattr(interrupts, "PATIENCE", PATIENCE)
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    begin = time.monotonic()
    reader, writer = os.pipe()
    with io.TextIOWrapper(io.FileIO(writer, "w")) as pipe, Pause(keep=keep) as pause:
        assert not pause.asked()
        signal.raise_signal(number)
        assert pause.asked()
        time.sleep(2 * PATIENCE)  # nobody waits for a reader
        with pytest.raises(raised_by(number) if keep else EndedBySignal):
            put("x" * 1_000_000, pipe)
    os.close(reader)
    assert pause.exit_code == 128 + number
    assert 3 * PATIENCE < time.monotonic() - begin < 10
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before


def test_a_terminal_that_is_gone_is_what_the_signal_said():
    def write_after_a_signal():
        with Pause() as pause:
            pause.asked()
            signal.raise_signal(SIGNALS[-1])
            raise OSError

    with pytest.raises(EndedBySignal):
        write_after_a_signal()
    with pytest.raises(OSError, match="full"), Pause():
        raise OSError("full")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_what_has_been_drawn_by_an_exception(number):
    with Pause() as pause:
        pause.asked()
        signal.raise_signal(number)
        with pytest.raises(EndedBySignal):
            signal.raise_signal(number)


def raised_by(number):
    return KeyboardInterrupt if number == signal.SIGINT else EndedBySignal


def make_type_error_of(number):
    """As Numba does with what a handler raises while it takes a function's address."""
    try:
        signal.raise_signal(number)
    except BaseException:
        raise TypeError("argument missing") from None


@pytest.mark.parametrize("number", SIGNALS)
def test_what_numba_makes_of_a_signal_is_that_signal(number):
    def draw():
        with Pause() as pause:
            pause.asked()
            signal.raise_signal(SIGNALS[-1])
            make_type_error_of(number)

    def wait():
        with Once() as interrupt:
            interrupt.expect()
            make_type_error_of(number)

    with pytest.raises(raised_by(number)), Pause(keep=True):
        make_type_error_of(number)
    with pytest.raises(EndedBySignal):
        draw()
    with pytest.raises(raised_by(number)):
        wait()


def test_a_type_error_of_its_own_is_one():
    def fail_after_a_signal():
        with Pause() as pause:
            pause.asked()
            signal.raise_signal(SIGNALS[-1])  # noted, not raised
            raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        fail_after_a_signal()
    for block in (Pause, Once):
        with pytest.raises(TypeError, match="ours"), block():
            raise TypeError("ours")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_until_all_is_saved(number):
    done = []

    def save():
        with Saving() as saving:
            saving.hold()
            signal.raise_signal(number)
            done.append("saved")
            saving.let_go()
            done.append("not reached")

    with pytest.raises(EndedBySignal):
        save()
    assert done == ["saved"]


@pytest.mark.parametrize("number", SIGNALS)
def test_only_the_first_signal_ends_what_is_to_be_saved(number):
    with Saving() as saving:
        with pytest.raises(raised_by(number)):
            signal.raise_signal(number)
        signal.raise_signal(SIGNALS[-1])
        with pytest.raises(EndedBySignal) as ended:
            saving.let_go()
    assert ended.value.number == SIGNALS[-1]
    with Saving() as saving:
        saving.let_go()


@pytest.mark.parametrize("block", [lambda: Pause(keep=True), Once])
def test_after_a_block_within_it_signals_wait_for_what_is_saved(block):
    with Saving() as saving:
        with block():
            pass
        signal.raise_signal(SIGNALS[-1])
        with pytest.raises(EndedBySignal):
            saving.let_go()


def test_what_a_block_has_left_behind_does_not_end_the_save():
    with Saving() as saving:
        pause = Pause(keep=True).__enter__()  # whose end a signal has cut short
        pause.asked()
        saving.hold()
        for number in SIGNALS:
            signal.raise_signal(number)
        assert not pause.asked()
        with pytest.raises(EndedBySignal) as ended:
            saving.let_go()
        pause.__exit__(None, None, None)
    assert ended.value.number == SIGNALS[0]


def test_ctrl_c_after_another_signal_does_not_hide_it():
    def draw():
        with Pause(keep=True) as pause:
            pause.asked()
            signal.raise_signal(SIGNALS[-1])
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(EndedBySignal) as ended:
        draw()
    assert ended.value.number == SIGNALS[-1]


def test_a_signal_that_was_dealt_with_is_no_reason_for_a_later_type_error():
    def wait():
        with Once() as interrupt:
            interrupt.expect()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            interrupt.expect()
            raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        wait()
