import json
import shutil
from dataclasses import replace

import pytest

from charrnn.cli.runs import age
from charrnn.storage.run_metadata import RunMetadata


@pytest.fixture
def runs(invoke):
    return lambda folder, *arguments: invoke("runs", "--checkpoints", folder, *arguments)


def test_the_newest_run_comes_first(runs, checkpoints):
    title, letters, by_bytes = runs(checkpoints).stdout.splitlines()
    assert title.split()[:3] == ["run", "steps", "epochs"]
    assert letters.split()[:2] == ["letters", "40"]
    assert by_bytes.split()[:2] == ["bytes", "40"]
    assert len(letters) == len(by_bytes)


def test_json(runs, checkpoints):
    letters, by_bytes = json.loads(runs(checkpoints, "--json").stdout)
    assert letters["parameters"] == 1128
    assert letters["saved"] >= by_bytes["saved"]
    assert letters["state"] == "done"
    assert letters["bytes"] == sum(file.stat().st_size for file in (checkpoints / "letters").iterdir())


def test_no_run_is_no_error(runs, tmp_path):
    result = runs(tmp_path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "train one with: charrnn train FILE" in result.stderr
    result = runs(tmp_path, "--json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "[]\n", "")


def test_a_damaged_run_does_not_hide_the_others(runs, checkpoints, tmp_path):
    shutil.copytree(checkpoints / "letters", tmp_path / "whole")
    shutil.copytree(checkpoints / "letters", tmp_path / "damaged")
    (tmp_path / "damaged" / "last.safetensors").write_bytes(b"garbage")
    lines = {line.split()[0]: line.split()[1] for line in runs(tmp_path).stdout.splitlines()[1:]}
    assert lines == {"whole": "40", "damaged": "unreadable"}
    errors = {run["name"]: run.get("error", "") for run in json.loads(runs(tmp_path, "--json").stdout)}
    assert "is not a checkpoint" in errors["damaged"]
    assert errors["whole"] == ""


def test_a_run_is_done_or_cut_or_from_before_that_was_stored(runs, checkpoints, tmp_path):
    for name, ended in (("whole", "steps"), ("part", "interrupted"), ("old", None)):
        shutil.copytree(checkpoints / "letters", tmp_path / name)
        path = tmp_path / name / "run.json"
        replace(RunMetadata.read(path), ended=ended).write(path)
    (tmp_path / "old" / "run.json").unlink()
    shown = {line.split()[0]: line.split()[-1] for line in runs(tmp_path).stdout.splitlines()}
    assert shown == {"run": "state", "whole": "done", "part": "cut", "old": "?"}
    found = {run["name"]: run["state"] for run in json.loads(runs(tmp_path, "--json").stdout)}
    assert found == {"whole": "done", "part": "cut", "old": None}


def test_sweeps_are_named(runs, checkpoints, tmp_path):
    for sweep in ("sizes", "cells"):
        shutil.copytree(checkpoints, tmp_path / sweep)
        (tmp_path / sweep / "sweep.json").write_text("{}")
    result = runs(tmp_path)
    assert result.stdout == ""
    table = f"charrnn sweep-table cells --checkpoints {tmp_path}"
    assert result.stderr.splitlines()[-1] == f"2 sweeps: cells, sizes; see {table}"
    assert runs(tmp_path, "--json").stderr == ""
    assert "sweep" not in runs(checkpoints).stderr


def test_ages():
    assert [age(seconds) for seconds in (5, 120, 7200, 200_000)] == ["just now", "2 min ago", "2 h ago", "2 d ago"]
