import errno
import subprocess

import pytest

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
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
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
