import json

import pytest

from charrnn.errors import RunError
from charrnn.storage.run_metadata import RunMetadata


def test_what_is_read_is_what_was_written(tmp_path):
    notes = RunMetadata(("/a/text", "-"), "latin-1", 3.5, 10, 2, "steps", True, 3, ("so many units", "so many steps"))
    notes.write(tmp_path / "run.json")
    assert RunMetadata.read(tmp_path / "run.json") == notes


NONSENSE = [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"{}", json.dumps({"sources": None}).encode()]
WRONG = {
    "seconds": (-1, "x", 1e999, 10**400),
    "sources": ("/a/text", [1], ["a\0"]),
    "keep": (None, -1),
    "more": (1,),
    "save_every": (0.5, True),
    "encoding": (5,),
    "ended": (1,),
    "plan": ("many steps", [1], None),
}
NONSENSE += [json.dumps({"sources": ["a"], name: value}).encode() for name in WRONG for value in WRONG[name]]


@pytest.mark.parametrize("content", NONSENSE)
def test_what_makes_no_sense_is_as_nothing(tmp_path, content):
    assert RunMetadata.read(tmp_path / "run.json") is None
    (tmp_path / "run.json").write_bytes(content)
    assert RunMetadata.read(tmp_path / "run.json") is None


def test_a_file_that_cannot_be_read_or_written_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match=r"^cannot read .*: Is a directory; make it a readable file$"):
        RunMetadata.read(tmp_path)
    with pytest.raises(RunError, match=r"^cannot write "):
        RunMetadata().write(tmp_path / "missing" / "run.json")


@pytest.mark.parametrize(
    ("ended", "complete"), [("minutes", True), ("patience", True), ("interrupted", False), ("", False), (None, None)]
)
def test_why_a_run_has_ended_tells_whether_it_is_complete(ended, complete):
    assert RunMetadata(ended=ended).complete is complete


def test_of_an_older_run_it_is_not_known_why_it_ended(tmp_path):
    (tmp_path / "run.json").write_text(
        '{"sources": ["a"], "encoding": "utf-8", "seconds": 1, "save_every": 0, "keep": 0}'
    )
    assert RunMetadata.read(tmp_path / "run.json").complete is None
