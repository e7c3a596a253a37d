from dataclasses import replace

import pytest

from charrnn.errors import ConfigError, RunError
from charrnn.starting import open_job
from charrnn.storage.run_metadata import RunMetadata
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.training.events import Evaluated, StepDone

SMALL = {"hidden_size": 8, "batch_size": 8, "seq_length": 20, "threads": 1, "eval_every": 5}


@pytest.fixture
def train(tmp_path):
    text = tmp_path / "cats.txt"
    text.write_text("the cat sat on the mat.\n" * 100)

    def train(name, *, stop_after=None, **limits):
        job = open_job(
            [str(text)], name=name, checkpoints=tmp_path / "sweep", save_every=1, overwrite=True, **SMALL, **limits
        )
        for event in job.events():
            if isinstance(event, StepDone) and event.step == stop_after:
                job.trainer.stop()
            assert stop_after is None or not isinstance(event, Evaluated) or event.step < stop_after

    return train


@pytest.fixture
def sweep(tmp_path):
    return SweepFolder(tmp_path / "sweep")


def planned(name, **limits):
    return PlannedRun(name, ("/x",), limits, {})


def test_the_state_of_a_run_is_in_its_files(sweep, train):
    train("all", steps=10)
    train("half", steps=10, stop_after=6)
    train("end", steps=9, stop_after=9)
    train("timed", minutes=1e-6)
    train("waited", steps=500, patience=1, learning_rate=0.5, clip_norm=0.0)
    (sweep.folder / "empty").mkdir()
    (sweep.folder / "damaged").mkdir()
    (sweep.folder / "damaged" / "last.safetensors").write_bytes(b"garbage")
    sweep.fail("failed", "too hot")
    runs = [
        *(planned(name, steps=10) for name in ("all", "half", "new", "empty", "damaged", "failed")),
        planned("end", steps=9),
        planned("timed", minutes=1e-6),
        planned("waited", steps=500),
    ]
    assert sweep.states(runs) == {
        "all": "done",
        "half": "cut",
        "new": "waiting",
        "empty": "waiting",
        "damaged": "cut",
        "failed": "failed",
        "end": "cut",  # its last step has not been evaluated
        "timed": "done",
        "waited": "done",
    }
    assert sweep.states([planned("waited", steps=500, patience=9)]) == {"waited": "cut"}
    assert sweep.states([planned("all", steps=11)]) == {"all": "cut"}
    assert sweep.states([planned("all"), planned("half")]) == {"all": "done", "half": "cut"}  # limits of a variable


def test_a_run_that_its_minutes_have_ended_is_done_whatever_seconds_were_saved(sweep, train):
    train("timed", minutes=1e-6, steps=100)
    path = sweep.folder / "timed" / "run.json"
    known = replace(RunMetadata.read(path), seconds=0.0)

    def state(metadata, **limits):
        metadata.write(path)
        return sweep.states([planned("timed", **limits)])["timed"]

    assert known.ended == "minutes"
    assert state(known, minutes=1e-6, steps=100) == "done"
    assert state(known, minutes=1e-6, steps=200) == "done"
    assert state(known, minutes=1e-6) == "done"
    assert state(known) == "done"
    assert state(known, minutes=2e-6) == "cut"
    assert state(known, steps=100) == "cut"
    for ended in ("", "interrupted", None):
        assert state(replace(known, ended=ended), minutes=1e-6) == "cut"
        assert state(replace(known, ended=ended, seconds=1.0), minutes=1e-6) == "done"


def test_a_counted_text_is_done_whatever_the_limits(sweep, tmp_path):
    (tmp_path / "cats.txt").write_text("the cat sat on the mat.\n" * 100)
    list(open_job([str(tmp_path / "cats.txt")], name="counted", checkpoints=sweep.folder, model="ngram").events())
    assert sweep.states([planned("counted", model="ngram")]) == {"counted": "done"}


def test_a_plan_is_kept_and_failures_until_a_retry(sweep):
    runs = [planned("a", steps=1), planned("b", bytes=True)]
    sweep.begin()
    sweep.keep_plan(runs)
    sweep.fail("a", "too hot")
    sweep.end()
    assert sweep.plan() == runs
    sweep.begin()
    assert sweep.failures() == {"a": "too hot"}
    sweep.end()
    sweep.forget_failures()
    assert sweep.failures() == {}


def test_a_run_that_was_begun_keeps_its_options(sweep, train):
    train("begun", steps=1)
    options = {"hidden-size": 8, "steps": 1}
    sweep.keep_plan([PlannedRun(name, ("/x",), options, {}) for name in ("begun", "new")])
    sweep.keep_plan([PlannedRun("begun", ("/x",), {**options, "steps": 2, "threads": 1}, {})])
    sweep.keep_plan([PlannedRun("new", ("/y",), {"hidden-size": 16}, {})])
    sweep.keep_plan([PlannedRun("begun", ("/x",), options, {})])
    for sources, changed, message in (
        (
            ("/x",),
            {"hidden-size": 16},
            "hidden-size of 'begun' was 8 when it was begun and is now 16: leave it as it was",
        ),
        (
            ("/x",),
            {"hidden-size": 8, "dropout": 0.1},
            "dropout of 'begun' was not given when it was begun and is now 0.1",
        ),
        (("/y",), options, r"corpus of 'begun' was \['/x'\] when it was begun and is now \['/y'\]"),
    ):
        with pytest.raises(ConfigError, match=message):
            sweep.keep_plan([PlannedRun("begun", sources, changed, {})])
    assert sweep.plan() == [PlannedRun("begun", ("/x",), options, {})]


def test_a_pruned_run_is_at_rest_unless_it_came_to_its_end(sweep, train):
    train("all", steps=10)
    train("half", steps=10, stop_after=6)
    for name in ("all", "half", "new"):
        sweep.prune(name, 5)
    assert sweep.states([planned(name, steps=10) for name in ("all", "half", "new")]) == {
        "all": "done",
        "half": "pruned",
        "new": "pruned",
    }


def test_a_text_is_there_once_for_all_runs_that_read_it(sweep, train):
    train("first", steps=1)
    first, second, other = (PlannedRun(name, ("/x",), {}, {}) for name in ("first", "second", "other"))
    as_bytes = PlannedRun("bytes", ("/x",), {"bytes": True}, {})
    sweep.lend_text(second)
    assert not sweep.run(second).folder.exists()
    sweep.keep_text(first)
    for planned in (second, as_bytes):
        sweep.lend_text(planned)
    assert sweep.run(second).corpus.samefile(sweep.run(first).corpus)
    assert not sweep.run(as_bytes).corpus.exists()
    train("second", steps=1)
    assert sweep.run(second).corpus.samefile(sweep.run(first).corpus)
    (sweep.folder.parent / "cats.txt").write_text("the text has changed.\n" * 100)
    sweep.lend_text(other)
    train("other", steps=1)
    assert not sweep.run(other).corpus.samefile(sweep.run(first).corpus)
    sweep.keep_text(other)
    sweep.keep_text(second)
    sweep.keep_text(as_bytes)
    assert sweep.run(first).corpus.stat().st_nlink == 3
    assert sweep.run(other).corpus.stat().st_nlink == 1


def test_one_process_runs_a_sweep(sweep):
    sweep.begin()
    with pytest.raises(RunError, match="is in use by another process"):
        SweepFolder(sweep.folder).begin()
