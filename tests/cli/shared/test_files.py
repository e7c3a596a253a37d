import signal
import subprocess
import sys

import pytest

from charrnn.cli.shared.files import write_file, write_folder
from charrnn.errors import CorpusError

PROGRAM = """
import signal
import sys
from pathlib import Path
from charrnn.cli.shared.files import write_file, write_folder
from charrnn.cli.shared.signals import signals

def pieces():
    yield "new"
    print(*Path(sys.argv[1]).parent.iterdir())
    sys.stdout.flush()
    signal.raise_signal(int(sys.argv[2]))

signals.install()
write_file(pieces(), Path(sys.argv[1]), overwrite=False, option="--x")
"""


def test_text_is_written_as_utf8_and_bytes_as_they_are(tmp_path):
    target = tmp_path / "new" / "folder" / "file"
    assert write_file(["ä", "b\n"], target, overwrite=False, option="--x") == 3
    assert target.read_bytes() == "äb\n".encode()
    assert write_file([b"\x89PNG"], target, overwrite=True, option="--x") == 4
    assert target.read_bytes() == b"\x89PNG"


def test_an_older_file_stays_unless_it_may_be_replaced(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(CorpusError, match=r"exists already: choose another --x, or replace it with --overwrite"):
        write_file(["new"], target, overwrite=False, option="--x")
    assert target.read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_leaves_nothing_behind(tmp_path, name):
    number = getattr(signal, name)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "file"), str(int(number))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "tmp" in result.stdout
    assert (result.returncode, result.stderr) == (128 + number, "\n")
    assert not list(tmp_path.iterdir())


def test_a_text_that_breaks_off_leaves_the_older_file(tmp_path):
    def pieces():
        yield "new"
        raise CorpusError("no more")

    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(CorpusError, match="no more"):
        write_file(pieces(), target, overwrite=True, option="--x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


def test_what_is_no_file_is_told(tmp_path):
    with pytest.raises(CorpusError, match="must be a file"):
        write_file(["new"], tmp_path, overwrite=True, option="--x")
    (tmp_path / "file").write_text("old")
    with pytest.raises(CorpusError, match=r"cannot write .*; choose another --x"):
        write_file(["new"], tmp_path / "file" / "below", overwrite=False, option="--x")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "new" / "folder"
    write_folder({"a": b"1", "below/b": b"2"}, target, overwrite=False, option="--x")
    assert contents(tmp_path) == {"new/folder/a": b"1", "new/folder/below/b": b"2"}
    with pytest.raises(CorpusError, match=r"^cannot write .*; choose another --x$"):
        write_folder({"a": b"3", "a/b": b"2"}, tmp_path / "other", overwrite=False, option="--x")
    assert contents(tmp_path) == {"new/folder/a": b"1", "new/folder/below/b": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_files_of_an_older_folder_stay_unless_they_may_be_replaced(tmp_path):
    write_folder({"a": b"1"}, tmp_path / "folder", overwrite=False, option="--x")
    (tmp_path / "folder" / "mine").write_bytes(b"0")
    with pytest.raises(CorpusError, match=r"exists already: choose another --x, or replace files in it with --over"):
        write_folder({"a": b"2"}, tmp_path / "folder", overwrite=False, option="--x")
    with pytest.raises(CorpusError, match=r"^the output must be a folder, not .*mine: choose another --x$"):
        write_folder({"a": b"2"}, tmp_path / "folder" / "mine", overwrite=True, option="--x")
    assert contents(tmp_path) == {"folder/a": b"1", "folder/mine": b"0"}
    write_folder({"a": b"2"}, tmp_path / "folder", overwrite=True, option="--x")
    assert contents(tmp_path) == {"folder/a": b"2", "folder/mine": b"0"}


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
