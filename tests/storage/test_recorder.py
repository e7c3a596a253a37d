import contextlib
from dataclasses import replace

import numpy as np
import pytest
from faults import FaultyOs, Killed

from charrnn.errors import RunError
from charrnn.storage.atomic import leftovers
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from charrnn.storage.metrics import read_metrics
from charrnn.storage.recorder import Recorder, go_back
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata

NOTES = RunMetadata(("/a/text",), "utf-8")


def checkpoint(step):
    return Checkpoint({"a": np.full(1000, step)}, {"step": step})


def step_of(path):
    """The step of the checkpoint at ``path``, which is whole."""
    loaded = load_checkpoint(path)
    np.testing.assert_array_equal(loaded.tensors["a"], np.full(1000, loaded.header["step"]))
    return loaded.header["step"]


def evaluate(recorder, step, notes=NOTES):
    """What an evaluation asks for."""
    recorder.record({"step": step})
    recorder.save_best(checkpoint(step))
    recorder.save_last(checkpoint(step), notes, step)


def names(run):
    return {path.name for path in run.folder.iterdir()}


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch):
    FaultyOs().install(monkeypatch)


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path, "hamlet")


def test_an_evaluation_leaves_everything_on_the_disk(run):
    recorder = Recorder(run, keep=0, resumed=False)
    evaluate(recorder, 1)
    assert recorder.failure is None
    assert step_of(run.last) == step_of(run.best) == 1
    assert read_metrics(run.metrics) == [{"step": 1}]
    assert RunMetadata.read(run.metadata) == NOTES
    assert names(run) == {".lock", "last.safetensors", "best.safetensors", "metrics.jsonl", "run.json"}


def contents(run):
    """Of all files in the run's folder."""
    return {name: (run.folder / name).read_bytes() for name in names(run) - {".lock"}}


@pytest.mark.parametrize("older", [False, True])
def test_whenever_a_new_run_is_killed_all_is_of_the_older_run_or_all_of_the_new_one(tmp_path, monkeypatch, older):
    whole = Run.create(tmp_path, "whole")
    evaluate(Recorder(whole, keep=0, resumed=False), 2)
    new, found, at = contents(whole), [], 0
    while True:
        at += 1
        run = Run.create(tmp_path, f"run{at}")
        if older:
            earlier = Recorder(run, keep=2, resumed=False)
            for step in (7, 8, 9):
                evaluate(earlier, step, replace(NOTES, keep=2))
        before = contents(run)
        disk = FaultyOs(at, killed=True)
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            disk.install(patch)
            evaluate(Recorder(run, keep=0, resumed=False), 2)
        if not disk.failed:
            break
        run.release()
        if run.last.exists() or run.new.last.exists():
            Run.open(tmp_path, run.name)
        else:
            Run.create(tmp_path, run.name)
        after = contents(run)
        assert after in (before, new), at
        found.append(after == new)
    assert found == sorted(found)
    assert len(found) > 30


def test_an_older_run_stays_until_the_new_one_can_be_resumed(run, monkeypatch):
    evaluate(Recorder(run, keep=0, resumed=False), 9)
    before = contents(run)
    recorder = Recorder(run, keep=0, resumed=False)
    with monkeypatch.context() as patch:
        FaultyOs(1, for_good=True).install(patch)
        evaluate(recorder, 1)
    assert names(run) == {".lock", ".new", *before}
    assert {name: (run.folder / name).read_bytes() for name in before} == before
    evaluate(recorder, 2)
    assert recorder.failure is None
    assert read_metrics(run.metrics) == [{"step": 1}, {"step": 2}]
    assert step_of(run.last) == step_of(run.best) == 2


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("resumed", [False, True])
def test_wherever_a_write_fails_there_is_a_whole_checkpoint_and_later_all_is_there(
    tmp_path, monkeypatch, for_good, resumed
):
    at = 0
    while True:
        at += 1
        run = Run.create(tmp_path, f"run{at}")
        recorder = Recorder(run, keep=1, resumed=False)
        if resumed:
            evaluate(recorder, 1)
        with monkeypatch.context() as patch:
            disk = FaultyOs(at, for_good=for_good)
            disk.install(patch)
            evaluate(recorder, 2)
        if not disk.failed:
            break
        if resumed or run.exists():
            assert step_of(run.last) in (1, 2)
        if run.best.exists():
            assert step_of(run.best) in (1, 2)
        evaluate(recorder, 3)
        assert recorder.failure is None
        assert read_metrics(run.metrics) == [{"step": step} for step in ((1, 2, 3) if resumed else (2, 3))]
        assert step_of(run.last) == step_of(run.best) == 3
        for path in run.files:
            assert leftovers(path) == [], at
    assert at > 20


def test_a_failure_says_what_to_do_and_the_best_is_kept_until_it_can_be_written(run, monkeypatch):
    recorder = Recorder(run, keep=0, resumed=False)
    evaluate(recorder, 1)
    best = checkpoint(2)
    with monkeypatch.context() as patch:
        FaultyOs(1, for_good=True).install(patch)
        recorder.save_best(best)
    assert str(recorder.failure) == (
        f"cannot write {run.best}: No space left on device; free some space or choose another folder with --checkpoints"
    )
    best.tensors["a"][:] = 7  # training goes on
    recorder.save_last(checkpoint(3), NOTES, 3)
    assert recorder.failure is None
    assert (step_of(run.best), step_of(run.last)) == (2, 3)


def test_a_folder_that_is_now_another_runs_is_left_alone(run):
    recorder = Recorder(run, keep=0, resumed=False)
    evaluate(recorder, 1)
    mine = run.folder.rename(run.folder.with_name("elsewhere"))
    other = Run.create(run.folder.parent, run.name)
    evaluate(Recorder(other, keep=0, resumed=False), 7)
    other.release()
    evaluate(recorder, 2)
    assert str(recorder.failure).startswith(f"cannot write {run.folder}: the folder was replaced")
    assert step_of(run.last) == 7
    run.folder.rename(run.folder.with_name("other"))
    mine.rename(run.folder)
    evaluate(recorder, 3)
    assert recorder.failure is None
    assert read_metrics(run.metrics) == [{"step": 1}, {"step": 2}, {"step": 3}]


def test_a_lock_that_was_removed_is_taken_again_unless_another_process_has_it(run):
    recorder = Recorder(run, keep=0, resumed=False)
    evaluate(recorder, 1)
    (run.folder / ".lock").unlink()
    evaluate(recorder, 2)
    assert recorder.failure is None
    with pytest.raises(RunError, match="is in use by another process"):
        Run.open(run.folder.parent, run.name)
    (run.folder / ".lock").unlink()
    other = Run.open(run.folder.parent, run.name)
    evaluate(recorder, 3)
    assert "the folder was replaced" in str(recorder.failure)
    other.release()


def test_a_folder_that_vanishes_is_a_failure_and_may_come_back(run):
    recorder = Recorder(run, keep=0, resumed=False)
    evaluate(recorder, 1)
    elsewhere = run.folder.rename(run.folder.with_name("elsewhere"))
    evaluate(recorder, 2)
    assert "No such file or directory" in str(recorder.failure)
    assert not run.folder.exists()
    elsewhere.rename(run.folder)
    evaluate(recorder, 3)
    assert recorder.failure is None
    assert read_metrics(run.metrics) == [{"step": 1}, {"step": 2}, {"step": 3}]


@pytest.mark.parametrize(("best", "stays"), [(2, True), (3, False)])
def test_a_run_that_goes_back_forgets_what_came_later(run, best, stays):
    recorder = Recorder(run, keep=0, resumed=False)
    evaluate(recorder, 2)
    save_checkpoint(run.best, Checkpoint({}, {"progress": {"step": best}}))
    recorder.record({"step": 3})
    go_back(run, 2)
    assert read_metrics(run.metrics) == [{"step": 2}]
    assert run.best.exists() == stays


def test_a_damaged_best_model_is_left(run):
    evaluate(Recorder(run, keep=0, resumed=False), 2)
    run.best.write_bytes(b"damaged")
    go_back(run, 2)
    assert run.best.exists()
