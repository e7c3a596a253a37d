import json

import pytest

from charrnn.errors import RunError
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.table import best_run, fold, rows_of


def test_a_row_for_each_run_the_best_first(sweep_folder):
    rows = rows_of(sweep_folder)
    assert [tuple(row.options.values()) for row in rows] == [
        ("sgd", 0),
        ("adam", 0),
        ("adam", 2),
        ("adam", 1),
        ("sgd", 1),
    ]
    assert rows[1].to_dict() == {
        "run": "optimizer=adam,rng-seed=0", "optimizer": "adam", "rng-seed": 0, "best_bpc": 2.0, "steps_done": 30,
        "minutes_taken": 3.0, "chars_per_second": 2000, "spread": None, "seeds": 1, "state": "waiting",
    }  # fmt: skip
    assert rows[-1].state == "failed"
    assert set(rows[-1].figures.values()) == {None}


def test_the_best_run_is_one_with_a_value(sweep_folder):
    assert best_run(sweep_folder).name == "optimizer=sgd,rng-seed=0"
    for metrics in sweep_folder.folder.glob("*/metrics.jsonl"):
        metrics.unlink()
    assert best_run(sweep_folder) is None


def test_seeds_are_folded_to_the_median_and_the_spread(sweep_folder):
    sgd, adam = fold(rows_of(sweep_folder))
    assert (adam.run, adam.options, adam.seeds) == ("optimizer=adam", {"optimizer": "adam"}, 3)
    assert adam.figures["best_bpc"] == 2.1
    assert adam.spread == pytest.approx(0.5)
    assert (sgd.figures["best_bpc"], sgd.spread, sgd.state) == (1.9, None, "1 waiting, 1 failed")


def test_what_was_trained_twice_counts_once(sweep_folder):
    plan = json.loads((sweep_folder.folder / "sweep.json").read_text())
    for run in plan["runs"]:  # adam, of which seed 0 is not told and was trained twice
        if run["name"] == "optimizer=adam,rng-seed=1":
            run["options"]["rng-seed"] = run["swept"]["rng-seed"] = 0
        if run["name"] == "optimizer=adam,rng-seed=0":
            del run["options"]["rng-seed"], run["swept"]["rng-seed"]
    (sweep_folder.folder / "sweep.json").write_text(json.dumps(plan))
    adam = fold(rows_of(sweep_folder))[-1]
    assert (adam.seeds, adam.figures["best_bpc"]) == (2, 2.05)
    assert adam.spread == pytest.approx(0.1)
    plan["runs"] = [run for run in plan["runs"] if run["name"].startswith("optimizer=adam")][:2]
    (sweep_folder.folder / "sweep.json").write_text(json.dumps(plan))
    [row] = fold(rows_of(sweep_folder))
    assert (row.run, row.seeds, row.spread) == ("optimizer=adam,rng-seed=0", 1, None)


def test_without_a_sweep_there_is_no_table(tmp_path):
    with pytest.raises(RunError, match="start one with: charrnn sweep"):
        rows_of(SweepFolder(tmp_path / "nothing"))


def test_a_search_that_has_chosen_nothing_has_no_table(sweep_folder):
    sweep_folder.keep_plan([])
    with pytest.raises(RunError, match="was stopped before its first run: start it again"):
        rows_of(sweep_folder)


def test_a_damaged_plan_is_told(sweep_folder):
    for damage in ('{"runs": [{}]}', "{", "[]"):
        (sweep_folder.folder / "sweep.json").write_text(damage)
        with pytest.raises(RunError, match=r"sweep\.json is damaged"):
            rows_of(sweep_folder)
