import os
import select
import signal
import subprocess
import time

import pytest
from waiting import LONG

pty = pytest.importorskip("pty", reason="terminals of Windows are others")


class Terminal:
    """A pseudo-terminal in which a command runs."""

    def __init__(self, start, *arguments, **pipes):
        ours, theirs = pty.openpty()
        self.file, self.text = ours, ""
        files = dict.fromkeys(("stdin", "stdout", "stderr"), theirs) | pipes
        self.process = start(*arguments, **files, start_new_session=True)
        os.close(theirs)

    def until(self, wanted, seconds=LONG):
        """Read until ``wanted`` has come; returns all since the last call."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, f"waited for {wanted!r}, got {self.text!r}"
            try:
                self.read_for(0.1)
            except OSError:  # the command has ended
                assert wanted in self.text
        position = self.text.index(wanted) + len(wanted)
        seen, self.text = self.text[:position], self.text[position:]
        return seen

    def read_for(self, seconds):
        """Read what has come, or comes within this time."""
        if select.select([self.file], [], [], seconds)[0]:
            self.text += os.read(self.file, 65536).decode("utf-8", "replace")

    def type(self, text):
        os.write(self.file, text.encode())


def test_a_conversation(start, checkpoints):
    terminal = Terminal(
        start, "sample", "--checkpoints", checkpoints, "--interactive", "--length", "15", "--rng-seed", 1
    )
    terminal.until("> ")
    terminal.type("the d\n")
    first = terminal.until("> ")
    assert "the d" in first
    terminal.type("zebra\n")
    assert "not 'z' at position 1" in terminal.until("> ")
    terminal.type("\x1b[A")  # the line before
    terminal.until("zebra")
    os.kill(terminal.process.pid, signal.SIGINT)  # at the prompt: the line is dropped
    terminal.until("> ")
    terminal.type("\n")
    terminal.until("> ")
    terminal.type("\x04")
    terminal.until("--rng-seed 1")
    assert terminal.process.wait(timeout=LONG) == 0


def test_a_terminal_that_stands_still_does_not_make_ctrl_c_end_the_program(start, checkpoints):
    options = ("--checkpoints", checkpoints, "--interactive", "--length", 100_000_000)
    terminal = Terminal(start, "sample", *options)
    terminal.until("> ")
    terminal.type("the d\n")
    terminal.until("\n")
    terminal.until(" ")  # it draws
    time.sleep(1)  # most likely until it is full
    os.kill(terminal.process.pid, signal.SIGINT)
    time.sleep(3)
    terminal.until("> ")
    terminal.type("\x04")
    terminal.until("--rng-seed")
    assert terminal.process.wait(timeout=LONG) == 0


def test_a_python_without_readline_has_a_prompt_too(start, checkpoints, tmp_path, monkeypatch):
    (tmp_path / "readline.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    terminal = Terminal(start, "sample", "--checkpoints", checkpoints, "--interactive", "--length", 5)
    terminal.until("> ")
    terminal.type("the d\n")
    terminal.until("> ")
    terminal.type("\x04")
    terminal.until("--rng-seed")
    assert terminal.process.wait(timeout=LONG) == 0


def test_the_prompt_goes_to_the_terminal_and_not_into_a_pipe(start, checkpoints):
    options = ("--checkpoints", checkpoints, "--interactive", "--length", "15", "--rng-seed", 1)
    terminal = Terminal(start, "sample", *options, stdout=subprocess.PIPE)
    for line in ("the d\n", "\x04"):
        terminal.until("> ")
        terminal.type(line)
    drawn, _ = terminal.process.communicate(timeout=LONG)
    assert len(drawn) == 16
    assert b">" not in drawn


def test_ctrl_c_stops_the_text_and_not_the_program(start, checkpoints):
    terminal = Terminal(start, "sample", "--checkpoints", checkpoints, "--interactive", "--length", "1000000000")
    terminal.until("> ")
    terminal.type("the\n")
    terminal.until("\n")
    terminal.until(" ")  # it draws
    os.kill(terminal.process.pid, signal.SIGINT)
    terminal.until("> ")
    terminal.type("\x04")
    assert terminal.process.wait(timeout=LONG) == 0


@pytest.mark.parametrize("drawing", [False, True])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_signals_end_the_conversation_and_save_it(start, invoke, checkpoints, tmp_path, name, drawing):
    state, length = tmp_path / "state.safetensors", "1000000000" if drawing else "20"
    options = ("--checkpoints", checkpoints, "--interactive", "--length", length, "--state", state)
    terminal = Terminal(start, "sample", *options)
    terminal.until("> ")
    terminal.type("the\n")
    terminal.until("\n")
    terminal.until(" " if drawing else "> ")
    number = getattr(signal, name)
    os.kill(terminal.process.pid, number)
    assert terminal.process.wait(timeout=LONG) == 128 + number
    assert invoke("sample", "--checkpoints", checkpoints, "--length", 5, "--state", state).exit_code == 0


def test_ctrl_c_five_times_stops_the_text_and_not_the_program(start, checkpoints):
    terminal = Terminal(start, "sample", "--checkpoints", checkpoints, "--interactive", "--length", "1000000000")
    terminal.until("> ")
    terminal.type("the\n")
    terminal.until("\n")
    terminal.until(" ")  # it draws
    for _ in range(5):
        os.kill(terminal.process.pid, signal.SIGINT)
    terminal.until("> ")
    terminal.type("\x04")
    terminal.until("--rng-seed")
    assert terminal.process.wait(timeout=LONG) == 0


def test_lines_from_a_pipe_equal_one_text(invoke, checkpoints):
    options = ("--checkpoints", checkpoints, "--rng-seed", 3, "--temperature", 0)
    result = invoke("sample", *options, "--interactive", "--length", 10, input="the d\n\n")
    whole = invoke("sample", *options, "--seed", "the d", "--length", 20).stdout
    assert result.exit_code == 0
    lines = result.stdout
    assert lines == f"{whole[5:15]}\n{whole[15:25]}\n"
    assert invoke("sample", *options, "--interactive", "--length", 10, input=b"the d\r\n\r\n").stdout == lines


def test_a_terminal_is_shown_escapes_and_ends_the_line(start, escapes):
    terminal = Terminal(start, "sample", escapes, "--length", "0", "--seed", "\x1b[31m")
    assert "\\x1b[31m\r\n" in terminal.until("\n")
    assert terminal.process.wait(timeout=LONG) == 0
    piped = start("sample", escapes, "--length", "0", "--seed", "\x1b[31m", stdout=-1, stderr=-1)
    assert piped.communicate(timeout=LONG)[0] == b"\x1b[31m"


@pytest.fixture
def escapes(tmp_path):
    """A model that knows the escape character."""
    from charrnn.kinds.config import make_config
    from charrnn.kinds.header import header_of
    from charrnn.models.language.parameters import LanguageParameters
    from charrnn.storage.checkpoint import Checkpoint, save_checkpoint
    from charrnn.text.vocabulary import Vocabulary

    vocabulary = Vocabulary.of("\x1b[31m")
    parameters = LanguageParameters(make_config(vocab_size=len(vocabulary), hidden_size=4)).initialise(0)
    path = tmp_path / "escapes.safetensors"
    save_checkpoint(path, Checkpoint(parameters.to_tensors(), header_of(parameters.config, vocabulary)))
    return path
