"""Every row of the table in docs/errors.md, run as a user would."""

import gzip
import json
import re
import shlex
import struct
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from charrnn.cli.shared.group import group

PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| `charrnn (.+?)` \| (.+?) \| (\d+) \|$", PAGE, re.MULTILINE)
TEXT = "Four score and seven years ago\n" * 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the table's commands need to fail."""
    folder = tmp_path_factory.mktemp("errors")
    (folder / "corpus.txt").write_text(TEXT)
    (folder / "changed.txt").write_text(TEXT + "Quartz\n")
    (folder / "empty.txt").write_text("")
    (folder / "one.txt").write_text("F")
    (folder / "emptyfolder").mkdir()
    (folder / "latin.txt").write_bytes("score\ncafé\n".encode("latin-1"))
    (folder / "nul.txt").write_bytes(b"abc\0def")
    (folder / "half.txt").write_bytes(rb"a \ud83d b")
    (folder / "wide.txt").write_bytes(TEXT.encode("utf-16-le"))
    (folder / "damaged.gz").write_bytes(gzip.compress(TEXT.encode())[:-20])
    for name, member in (("hidden.zip", ".hidden"), ("book.epub", "mimetype")):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(member, "text")
    (folder / "sizes.toml").write_text('corpus = "corpus.txt"\n\n[grid]\nhidden-size = [8]\n')
    (folder / "wrong.toml").write_text('corpus = "corpus.txt"\n\n[grid]\nhidden-size = [8, 0]\n')
    (folder / "endless.toml").write_text('corpus = "corpus.txt"\n\n[random]\ntrials = 1000000000\ndropout = [0.1]\n')
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    train = ["train", "corpus.txt", "--steps", "2", "--hidden-size", "8", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for options in ([], ["--documents", "line", "--checkpoints", "other"]):
            result = CliRunner().invoke(group, [*train, *options])
            assert result.exit_code == 0, result.output
    (folder / "other" / "corpus" / "last.safetensors").rename(folder / "lines.safetensors")
    last = folder / "checkpoints" / "corpus" / "last.safetensors"
    (folder / "cut.safetensors").write_bytes(last.read_bytes()[:3000])
    return folder


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_table_was_found():
    assert len(ROWS) == PAGE.count("| `charrnn ") > 20


@pytest.mark.parametrize(("case", "command", "message", "code"), ROWS, ids=[row[0] for row in ROWS])
def test_an_error_is_as_the_table_says(folder, monkeypatch, case, command, message, code):
    monkeypatch.chdir(folder)
    before = contents(folder)
    result = CliRunner().invoke(group, shlex.split(command), prog_name="charrnn")
    assert result.exit_code == int(code), result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    pattern = ".*".join(re.escape(part) for part in message.split("…"))
    prefix = "Error: " if code == "2" else "charrnn: error: "
    assert re.fullmatch(prefix + pattern, lines[-1]), lines
    assert len(lines) == 1 or code == "2"
    assert contents(folder) == before
