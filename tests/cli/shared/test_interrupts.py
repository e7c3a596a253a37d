import signal

import pytest

from charrnn.cli.shared.interrupts import SIGNALS, Interrupts, Once


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
    with Interrupts() as interrupts:
        interrupts.stop = lambda: stopped.append(True)
        signal.raise_signal(number)
        assert stopped == [True]
        assert "once more to stop at once" in capfd.readouterr().err
        with pytest.raises(Ended, match=str(128 + number)):
            signal.raise_signal(number)
    assert stopped == [True]
    assert interrupts.exit_code == 128 + number


def test_with_nothing_to_save_the_first_signal_ends():
    with Interrupts(), pytest.raises(Ended, match="130"):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    signal.signal(signal.SIGHUP, before)
    assert interrupts.exit_code == 130


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
            interrupt.expected = True
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
