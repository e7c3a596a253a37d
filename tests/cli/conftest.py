import os
import struct
import subprocess
import sys

import pytest
from click.testing import CliRunner
from waiting import LONG

from charrnn.cli.shared.group import group

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 100

SMALL = ("--hidden-size", "8", "--batch-size", "8", "--seq-length", "20", "--threads", "1")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in list(os.environ):
        if name.startswith("CHARRNN_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def invoke():
    """Run a command in this process."""

    def invoke(*arguments, **keywords):
        result = CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn", **keywords)
        assert result.exit_code in (0, 1, 2, 130), result.output
        return result

    return invoke


@pytest.fixture
def start():
    """Start a command in a process of its own."""
    started = []

    def start(*arguments, **keywords):
        command = [sys.executable, "-m", "charrnn", *(str(argument) for argument in arguments)]
        started.append(subprocess.Popen(command, **keywords))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def on_a_terminal(start):
    """Run a command whose stderr is a terminal of so many columns; returns its exit code and what was shown."""

    def run(columns, *arguments):
        import fcntl
        import pty
        import termios

        master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = start(*arguments, stdout=subprocess.DEVNULL, stderr=terminal)
        os.close(terminal)
        data = b""
        try:
            while piece := os.read(master, 1 << 16):
                data += piece
        except OSError:  # how Linux tells that the other end is closed
            pass
        os.close(master)
        return process.wait(LONG), data.decode()

    return run


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "cats.txt"
    file.write_text(TEXT)
    return file


@pytest.fixture
def train(invoke, text, tmp_path):
    """Train a tiny model in ``tmp_path / "runs"``."""

    def train(*options, source=text):
        return invoke("train", source, *SMALL, "--checkpoints", tmp_path / "runs", *options)

    return train


@pytest.fixture(scope="session")
def checkpoints(invoke, tmp_path_factory):
    """A folder with a run of characters, "letters", and an older one of bytes, "bytes"."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "letters.txt").write_text(TEXT)
    (folder / "bytes.txt").write_text("ünïcödé ☃\n" * 300, "utf-8")
    for source, option in (("bytes.txt", "--bytes"), ("letters.txt", "--encoding=utf-8")):
        result = invoke("train", folder / source, option, *SMALL, "--steps", 40, "--checkpoints", folder / "runs")
        assert result.exit_code == 0, result.stderr
    return folder / "runs"
