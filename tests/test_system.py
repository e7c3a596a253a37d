import ctypes
import errno
import io
import os
import subprocess
import sys
import types

import pytest

from charrnn import system


@pytest.fixture
def windows(monkeypatch):
    """Take this system for Windows; returns the pauses that were made."""
    paused = []
    monkeypatch.setattr(system, "WINDOWS", True)
    monkeypatch.setattr(system, "time", types.SimpleNamespace(sleep=paused.append))
    return paused


def busy(number=32):
    """Return the error that Windows gives for a file that another process has open."""
    error = PermissionError(errno.EACCES, "in use")
    error.winerror = number
    return error


def failing(monkeypatch, name, errors):
    """Let the next calls of a function of ``os`` fail."""
    real, errors = getattr(os, name), list(errors)

    def call(*arguments, **keywords):
        if errors:
            raise errors.pop(0)
        return real(*arguments, **keywords)

    monkeypatch.setattr(f"os.{name}", call)
    return errors


@pytest.mark.parametrize("number", [5, 32, 33, 1224])
def test_a_file_in_use_is_tried_again(windows, monkeypatch, tmp_path, number):
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    failing(monkeypatch, "replace", [busy(number)] * 3)
    system.move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new"
    assert windows == list(system.PAUSES[:3])
    failing(monkeypatch, "unlink", [busy(number)])
    system.remove(tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_stays_in_use_is_an_error_in_the_end(windows, monkeypatch, tmp_path):
    left = failing(monkeypatch, "unlink", [busy()] * 100)
    with pytest.raises(PermissionError):
        system.remove(tmp_path / "a")
    assert len(left) == 100 - len(system.PAUSES) - 1
    assert windows == list(system.PAUSES)


@pytest.mark.parametrize("error", [busy(2), FileNotFoundError(errno.ENOENT, "gone"), OSError(errno.ENOSPC, "full")])
def test_other_errors_are_not_waited_for(windows, monkeypatch, tmp_path, error):
    failing(monkeypatch, "replace", [error])
    with pytest.raises(type(error)):
        system.move(tmp_path / "a", tmp_path / "b")
    assert windows == []


def test_elsewhere_a_refusal_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr(system, "WINDOWS", False)
    left = failing(monkeypatch, "replace", [busy()] * 2)
    with pytest.raises(PermissionError):
        system.move(tmp_path / "a", tmp_path / "b")
    assert len(left) == 1


@pytest.fixture
def macos(monkeypatch):
    """Take this system for macOS; returns what it was asked to do with descriptors."""
    asked = []
    fake = types.SimpleNamespace(fcntl=lambda descriptor, command: asked.append((descriptor, command)))
    monkeypatch.setattr(system, "MACOS", True)
    monkeypatch.setitem(sys.modules, "fcntl", fake)
    monkeypatch.setattr("os.fsync", lambda descriptor: asked.append((descriptor, "fsync")))
    return asked


def test_macos_empties_the_cache_of_the_drive(macos):
    system.sync(7)
    assert macos == [(7, 51)]


def test_macos_syncs_as_far_as_a_network_folder_can(macos, monkeypatch):
    def unknown(descriptor, command):
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(sys.modules["fcntl"], "fcntl", unknown)
    system.sync(7)
    assert macos == [(7, "fsync")]


@pytest.mark.parametrize("fast", [0, 4])
def test_macos_tells_its_fast_cores(monkeypatch, fast):
    def sysctlbyname(name, value, size, new, new_size):
        assert name == b"hw.perflevel0.logicalcpu"
        ctypes.cast(value, ctypes.POINTER(ctypes.c_int))[0] = fast
        return 0 if fast else -1  # on Intel's processors the name is unknown

    monkeypatch.setattr(system, "MACOS", True)
    monkeypatch.setattr("ctypes.CDLL", lambda name: types.SimpleNamespace(sysctlbyname=sysctlbyname))
    assert system.performance_cores() == fast


def test_a_scratch_file_holds_what_is_written_and_vanishes(tmp_path):
    with system.scratch_file(tmp_path) as file:
        file.write(b"some numbers")
        file.seek(5)
        assert file.read() == b"numbers"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_at_the_first_try(windows, monkeypatch, tmp_path):
    left = failing(monkeypatch, "open", [PermissionError(errno.EACCES, "Permission denied")] * 5)
    with pytest.raises(PermissionError):
        system.scratch_file(tmp_path)
    assert len(left) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="there, the flag below is the same promise")
def test_a_process_out_of_reach_is_in_a_group_of_its_own(monkeypatch):
    program = "import os; print(os.getpgid(0))"
    group = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, **system.out_of_reach()
    ).stdout
    assert int(group) != os.getpgid(0)
    monkeypatch.setattr(system, "WINDOWS", True)
    assert system.out_of_reach() == {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200)}


def test_a_closed_pipe_has_two_names(monkeypatch):
    invalid = OSError(errno.EINVAL, "Invalid argument")
    assert system.is_closed_pipe(BrokenPipeError())
    monkeypatch.setattr(system, "WINDOWS", False)
    assert not system.is_closed_pipe(invalid)
    monkeypatch.setattr(system, "WINDOWS", True)
    assert system.is_closed_pipe(invalid)
    assert not system.is_closed_pipe(OSError(errno.EINVAL, "Invalid argument", "a?.txt"))
    assert not system.is_closed_pipe(io.UnsupportedOperation())
    assert not system.is_closed_pipe(None)
