import os
import signal

import pytest

from charrnn.cli.shared import signals as module
from charrnn.cli.shared.signals import SIGNAL_NAMES, Signals, stopping

SIGNALS = [getattr(signal, name) for name in SIGNAL_NAMES if hasattr(signal, name)]


class Exit(BaseException):
    pass


@pytest.fixture
def signals(monkeypatch):
    """Installed in this process, which they do not end: what ends it is an exception here."""

    def leave(code):
        raise Exit(code)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    monkeypatch.setattr("os._exit", leave)
    signals = Signals()
    signals.install()
    yield signals
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_with_nothing_to_keep_a_signal_ends_the_process(signals, number):
    with pytest.raises(Exit, match=str(128 + number)):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_noted_and_the_second_ends_the_process(signals, number, capfd):
    stopped = []
    signals.keep(stopping(lambda: stopped.append(True)))
    signal.raise_signal(number)
    assert (signals.noted, stopped) == (number, [True])
    assert "once more to stop at once" in capfd.readouterr().err
    with pytest.raises(Exit, match=str(128 + number)):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_all_signals_wait_for_what_must_be_saved(signals, number):
    signals.keep(must_wait=True)
    for each in (number, *SIGNALS):
        signal.raise_signal(each)
    assert signals.let_go() == number
    assert signals.noted == 0
    with pytest.raises(Exit, match=str(128 + number)):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_begun_is_removed_before_the_process_ends(signals, number):
    removed = []
    with signals.cleaning(lambda: removed.append(True)), pytest.raises(Exit):
        signal.raise_signal(number)
    assert removed == [True]
    with pytest.raises(Exit):
        signal.raise_signal(number)
    assert removed == [True]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_what_nohup_ignores_stays_ignored(signals):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.install()
    signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("input_first", [True, False])
def test_the_end_of_the_input_and_a_signal_are_no_two_signals(signals, number, input_first):
    stopped = []
    signals.keep(lambda: stopped.append(True))
    if input_first:
        signals.end_of_input()
        signal.raise_signal(number)
    else:
        signal.raise_signal(number)
        signals.end_of_input()
    assert stopped == [True]
    assert signals.noted == (signal.SIGTERM if input_first else number)
    with pytest.raises(Exit, match=str(128 + number)):
        signal.raise_signal(number)


def test_the_end_of_the_input_ends_a_command_with_nothing_to_keep(signals):
    with pytest.raises(Exit, match=str(128 + signal.SIGTERM)):
        signals.end_of_input()


def test_windows_has_a_signal_of_its_own(monkeypatch):
    installed = {}
    monkeypatch.setattr(signal, "SIGBREAK", 21, raising=False)
    monkeypatch.setattr(signal, "signal", installed.__setitem__)
    ours = Signals()
    ours.install()
    assert installed[21] == ours.handle


def at_a_prompt(signals, body=lambda: None):
    with signals.prompting():
        body()


@pytest.mark.parametrize("number", SIGNALS)
def test_at_a_prompt_a_signal_raises(signals, number):
    with pytest.raises(KeyboardInterrupt):
        at_a_prompt(signals, lambda: signal.raise_signal(number))
    assert signals.forget() == number
    at_a_prompt(signals)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_a_prompt_raises_there(signals, number):
    signals.keep(must_wait=True)
    signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        at_a_prompt(signals)


def test_what_answers_a_signal_at_a_prompt_is_not_ended_by_the_next(signals):
    signals.keep(must_wait=True)

    def twice():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        at_a_prompt(signals, twice)
    assert signals.noted == signal.SIGINT


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="Windows has no SIGALRM")
def test_a_prompt_wakes_what_waits_and_leaves_no_alarm_behind(signals, monkeypatch):
    monkeypatch.setattr(module, "TICK", 0.01)
    before = signal.getsignal(signal.SIGALRM)
    at_a_prompt(signals, signal.pause)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_terminal_that_is_gone_is_no_error(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    write = os.write
    monkeypatch.setattr("os.write", lambda descriptor, data: write(writer, data))
    module.tell("nobody reads this")
    os.close(writer)
