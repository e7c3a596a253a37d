import csv
import json
import re
import shutil
import sys
import types

import pytest

DONE = ("steps", "done", "time", "taken")


@pytest.fixture
def table(invoke, sweep_folder):
    return lambda *options: invoke(
        "sweep-table", sweep_folder.folder.name, "--checkpoints", sweep_folder.folder.parent, *options
    )


def test_seeds_make_one_row(table):
    title, sgd, adam = table().stdout.splitlines()
    assert title.split() == [
        "run",
        "optimizer",
        "best",
        "bpc",
        "spread",
        "seeds",
        *DONE,
        "chars/s",
        "state",
    ]
    assert sgd.split()[:5] == ["optimizer=sgd", "sgd", "1.900", "-", "2"]
    assert adam.split() == ["optimizer=adam", "adam", "2.100", "0.500", "3", "30", "3:00", "2,000", "waiting"]


def test_each_run_can_have_its_own(table):
    lines = table("--each").stdout.splitlines()
    assert lines[0].split() == ["run", "optimizer", "rng-seed", "best", "bpc", *DONE, "chars/s", "state"]
    assert [line.split()[1:4] for line in lines[1:3]] == [["sgd", "0", "1.900"], ["adam", "0", "2.000"]]
    assert len(lines) == 6


def test_csv_and_json_say_the_same(table):
    by_csv = list(csv.DictReader(table("--csv", "--each").stdout.splitlines()))
    by_json = json.loads(table("--json", "--each").stdout)
    assert by_csv == [{key: "" if value is None else str(value) for key, value in row.items()} for row in by_json]
    assert table("--csv", "--json").exit_code == 2


def test_swept_steps_stand_beside_those_that_were_done(table, sweep_folder):
    plan = json.loads((sweep_folder.folder / "sweep.json").read_text())
    for run in plan["runs"]:
        run["swept"]["steps"] = 20
    (sweep_folder.folder / "sweep.json").write_text(json.dumps(plan))
    row = json.loads(table("--json").stdout)[-1]
    assert (row["steps"], row["steps_done"], row["minutes_taken"]) == (20, 30, 3.0)
    assert next(csv.DictReader(table("--csv").stdout.splitlines()))["steps"] == "20"
    headings = re.split("  +", table().stdout.splitlines()[0])
    assert len(set(headings)) == len(headings)


def test_a_picture(table, sweep_folder):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra")
    result = table("--plot", "optimizer", "--plot", "time")
    assert result.stderr == f"wrote {sweep_folder.folder / 'optimizer.png'}\nwrote {sweep_folder.folder / 'time.png'}\n"


@pytest.mark.parametrize(("missing", "message"), [(True, "--plot needs matplotlib"), (False, "--plot must be one of")])
def test_a_picture_that_cannot_be_drawn_is_refused_before_the_table(table, monkeypatch, missing, message):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None if missing else types.ModuleType(name))
    result = table("--plot", "time", "--plot", "optimizer" if missing else "steps")
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


def test_without_a_sweep_there_is_no_table(table, sweep_folder):
    shutil.rmtree(sweep_folder.folder)
    result = table()
    assert result.exit_code == 1
    assert "no sweep in" in result.stderr
