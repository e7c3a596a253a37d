import json
import math

import pytest

from charrnn.errors import RunError
from charrnn.storage.metrics import append_metrics, finite, read_metrics, truncate_metrics


def test_metrics_are_one_object_a_line_as_appended(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_metrics(path) == []
    append_metrics(path, {"step": 1, "val_bpc": 0.1 + 0.2})
    append_metrics(path, {"step": 2, "val_bpc": 1e-310})
    assert path.read_bytes() == b'{"step": 1, "val_bpc": 0.30000000000000004}\n{"step": 2, "val_bpc": 1e-310}\n'
    assert read_metrics(path) == [{"step": 1, "val_bpc": 0.1 + 0.2}, {"step": 2, "val_bpc": 1e-310}]


def test_nan_and_the_infinities_become_none_at_any_depth():
    assert finite({"a": math.nan, "b": [1.5, -math.inf], "c": (math.inf, "x")}) == {
        "a": None,
        "b": [1.5, None],
        "c": [None, "x"],
    }


def test_metrics_have_null_for_what_json_lacks(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, {"step": 1, "a": float("nan"), "b": float("inf"), "c": float("-inf"), "d": None})
    assert json.loads(path.read_bytes(), parse_constant=pytest.fail) == dict.fromkeys("abcd") | {"step": 1}


def test_metrics_that_cannot_be_written_or_read_are_run_errors(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.mkdir()
    with pytest.raises(RunError, match=r"^cannot write .*metrics\.jsonl: Is a directory; "):
        append_metrics(path, {"step": 1})
    with pytest.raises(RunError, match=r"^cannot read .*metrics\.jsonl: Is a directory; "):
        read_metrics(path)


@pytest.mark.parametrize("tail", [b"{", b'{"step": 3, "val', b'{"step": 3}', b"\xff"])
def test_an_unfinished_last_line_is_ignored(tmp_path, tail):
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, {"step": 1})
    with path.open("ab") as file:
        file.write(tail)
    assert read_metrics(path) == [{"step": 1}]


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000], ids=["empty", "half", "list", "ff", "deep"]
)
def test_a_broken_line_is_a_run_error(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n' + line + b"\n")
    with pytest.raises(RunError) as caught:
        read_metrics(path)
    assert str(caught.value) == f"line 2 of {path} is not a JSON object: remove that line"


def test_truncating_forgets_what_came_after_a_step(tmp_path):
    path = tmp_path / "metrics.jsonl"
    records = [{"step": step, "val_bpc": 1 / step} for step in (10, 20, 30)]
    for record in records[:2]:
        append_metrics(path, record)
    wanted = path.read_bytes()
    append_metrics(path, records[2])
    with path.open("ab") as file:
        file.write(b'{"step": 4')
    truncate_metrics(path, 20)
    assert path.read_bytes() == wanted
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.jsonl"]
    append_metrics(path, records[2])
    assert read_metrics(path) == records
    truncate_metrics(path, 0)
    assert path.read_bytes() == b""


def test_truncating_keeps_records_without_a_step(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for record in ({"note": "begun"}, {"step": None}, {"step": "5"}, {"step": 5.0}):
        append_metrics(path, record)
    truncate_metrics(path, 4)
    assert read_metrics(path) == [{"note": "begun"}, {"step": None}, {"step": "5"}]


def test_truncating_leaves_the_lines_before_as_they_are(tmp_path):
    path = tmp_path / "metrics.jsonl"
    kept = b'{"step":  1, "mine": [NaN, 1e999]}\r\n'
    path.write_bytes(kept + b'{"step": 2}\n')
    truncate_metrics(path, 1)
    assert path.read_bytes() == kept


def test_truncating_makes_no_file(tmp_path):
    path = tmp_path / "metrics.jsonl"
    truncate_metrics(path, 1)
    assert not path.exists()
