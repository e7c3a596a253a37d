import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from faults import FaultyOs

from charrnn.errors import RunError
from charrnn.storage.atomic import (
    append,
    leftovers,
    link_or_copy,
    reason,
    sync_folder,
    write_atomically,
    writing,
)

KILLED_HALFWAY = """
import os, signal, sys
from pathlib import Path
from charrnn.storage.atomic import write_atomically

def pieces():
    yield b"new" * 100_000
    os.kill(os.getpid(), signal.SIGKILL)

write_atomically(Path(sys.argv[1]), pieces())
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_makes_a_file(tmp_path):
    write_atomically(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert names(tmp_path) == ["file"]


def test_replaces_a_longer_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old content")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_writes_pieces_in_order(tmp_path):
    path = tmp_path / "file"
    pieces = [b"a", b"", memoryview(b"bc")]
    write_atomically(path, iter(pieces))
    assert path.read_bytes() == b"abc"


def test_takes_a_path_relative_to_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically(Path("file"), b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


def test_shows_the_old_content_while_it_writes_beside(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    seen = []

    def pieces():
        yield b"n"
        seen.append((path.read_bytes(), leftovers(path)))
        yield b"ew"

    write_atomically(path, pieces())
    assert seen == [(b"old", [tmp_path / f".file.{os.getpid()}.tmp"])]
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def pieces():
        yield b"new"
        raise error

    with pytest.raises(error):
        write_atomically(path, pieces())
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_sigkill_halfway_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    child = subprocess.run([sys.executable, "-c", KILLED_HALFWAY, path], check=False)
    assert child.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert [leftover.parent for leftover in leftovers(path)] == [tmp_path]


def test_os_errors_propagate(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotADirectoryError):
        write_atomically(tmp_path / "file" / "inside", b"content")
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "inside", b"content")
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "folder", b"content")
    assert names(tmp_path) == ["file", "folder"]


def test_what_is_written_outlasts_a_power_cut(tmp_path, monkeypatch):
    """The file is on the disk before it has its name, and the name before anything else is done."""
    disk = FaultyOs()
    disk.install(monkeypatch)
    path, temporary = tmp_path / "file", tmp_path / f".file.{os.getpid()}.tmp"
    write_atomically(path, b"content")
    assert disk.calls == [
        ("open", temporary),
        ("write", temporary),
        ("fsync", temporary),
        ("replace", temporary, path),
        ("open", tmp_path),
        ("fsync", tmp_path),
    ]
    disk.calls.clear()
    append(path, b"more")
    assert disk.calls == [("open", path), ("write", path), ("fsync", path)]
    disk.calls.clear()
    link_or_copy(path, tmp_path / "kept", beside=path)
    assert disk.calls[-1] == ("fsync", tmp_path)


def test_leftovers_are_those_of_one_file(tmp_path):
    for name in (".a[1].7.tmp", ".a[1].8.tmp", ".a1.7.tmp", ".b.7.tmp", "a[1].7.tmp", "a[1]"):
        (tmp_path / name).write_bytes(b"")
    assert leftovers(tmp_path / "a[1]") == [tmp_path / ".a[1].7.tmp", tmp_path / ".a[1].8.tmp"]


def test_syncing_a_folder_that_cannot_be_opened_or_synced_is_skipped(tmp_path):
    sync_folder(tmp_path / "missing")
    sync_folder(Path("/proc"))  # Linux answers EINVAL


def test_a_reason_is_one_line_without_the_path():
    assert reason(FileNotFoundError(2, "No such file", "somewhere")) == "No such file"
    assert reason(ValueError("two\n  lines")) == "two lines"


def test_writing_turns_an_os_error_into_one_line():
    with (
        pytest.raises(RunError, match=r"^cannot write there: No space left; free some space or .* --checkpoints$"),
        writing(Path("there")),
    ):
        raise OSError(28, "No space left", "elsewhere")


def test_what_is_appended_comes_after_what_is_there(tmp_path):
    for data in (b"a\n", b"bc\n"):
        append(tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == b"a\nbc\n"


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_append_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch, at):
    path = tmp_path / "file"
    path.write_bytes(b"old\n")
    FaultyOs(at).install(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        append(path, b"new\n")
    assert path.read_bytes() == b"old\n"


@pytest.mark.parametrize("fails", ["", "link"])
def test_another_name_of_a_file_outlives_its_replacement(tmp_path, monkeypatch, fails):
    source, path = tmp_path / "file", tmp_path / "kept"
    source.write_bytes(b"old")
    FaultyOs(2 if fails else 0).install(monkeypatch)  # after the unlink
    for _ in range(2):
        link_or_copy(source, path, beside=path)
    write_atomically(source, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file", "kept"]
