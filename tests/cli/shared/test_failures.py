import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LONG

from charrnn.errors import RunError


@pytest.fixture
def fail(invoke, monkeypatch, tmp_path):
    """Run a command in which ``error`` is raised."""

    def fail(error):
        def raise_error(*arguments):
            raise error

        monkeypatch.setattr("charrnn.storage.run.list_runs", raise_error)
        return invoke("runs", "--checkpoints", tmp_path)

    return fail


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RunError("no such run"), "no such run"),
        (OSError(errno.ENOSPC, "No space left on device", "a.txt"), "No space left on device: a.txt"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "cannot write the output: No space left on device; make room for it, or send it elsewhere",
        ),
        (
            ZeroDivisionError("division\nby zero"),
            "internal error, please report it: ZeroDivisionError: division by zero; "
            "set CHARRNN_DEBUG=1 for the traceback",
        ),
    ],
)
def test_an_error_is_one_line(fail, error, line):
    result = fail(error)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"charrnn: error: {line}\n")


def test_too_little_memory(fail):
    assert "not enough memory" in fail(MemoryError()).stderr


def test_an_interrupt(fail):
    result = fail(KeyboardInterrupt())
    assert (result.exit_code, result.output) == (130, "\n")


def test_debugging_shows_the_traceback(fail, monkeypatch):
    monkeypatch.setenv("CHARRNN_DEBUG", "1")
    error = ZeroDivisionError()
    assert fail(error).exception is error


def test_help_into_a_closed_pipe(start):
    process = start("--help", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""


def test_a_closed_pipe_of_windows(fail, monkeypatch):
    closed = OSError(errno.EINVAL, "Invalid argument")
    assert fail(closed).exit_code == 1
    monkeypatch.setattr("charrnn.system.WINDOWS", True)
    monkeypatch.setattr("charrnn.cli.shared.failures.silence", lambda *streams: None)  # those of the tests
    result = fail(closed)
    assert (result.exit_code, result.output) == (0, "")


PROGRAM = """
import sys
import click
from charrnn.cli.shared.failures import one_line_failures

@click.command()
def main():
    with one_line_failures():
        sys.stdout.write("what nobody takes any more")
        sys.stdin.read()
        {ending}

main()
"""


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [("raise click.exceptions.Exit(129)", 129), ("raise KeyboardInterrupt", 130), ("raise ValueError", 1)],
)
def test_what_cannot_be_written_does_not_change_the_exit_code(ending, exit_code):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM.format(ending=ending)], **pipes, env=buffered)
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=LONG) == exit_code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it is of Linux")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_messages_that_find_no_room_are_no_error(start, checkpoints, unbuffered):
    def ended(*options):
        with Path("/dev/full").open("w") as full:
            process = start("sample", "--checkpoints", checkpoints, *options, **pipes, stderr=full)
        return len(process.communicate(timeout=LONG)[0]), process.returncode

    pipes = {"stdout": subprocess.PIPE, "env": {**os.environ, "PYTHONUNBUFFERED": unbuffered}}
    assert ended("--length", 10) == (10, 0)
    assert ended("--seed", "€") == (0, 1)
