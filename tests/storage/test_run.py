import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from charrnn.errors import ConfigError, RunError
from charrnn.storage.atomic import write_atomically
from charrnn.storage.run import KEPT, NAMES_SHOWN, SWEEP_PLAN, Run, find_checkpoint, list_runs
from charrnn.text.sources import OWN_FILES


def make_run(checkpoints, name, *files, at=0):
    """A run whose files, by default only the last checkpoint, were written ``at`` seconds."""
    run = Run.create(checkpoints, name)
    run.release()
    for file in files or ("last",):
        path = run.folder / f"{file}.safetensors"
        path.write_bytes(b"")
        os.utime(path, (at, at))
    return run


def names(run):
    """Of the files in the run's folder."""
    return sorted(path.name for path in run.folder.iterdir() if path.name != ".lock")


def one_line(caught):
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_run_knows_its_files(tmp_path):
    run = Run(tmp_path / "hamlet")
    assert run.name == "hamlet"
    assert run.last == tmp_path / "hamlet" / "last.safetensors"
    assert run.best == tmp_path / "hamlet" / "best.safetensors"
    assert run.metrics == tmp_path / "hamlet" / "metrics.jsonl"


def test_create_makes_an_empty_folder_and_its_parents(tmp_path):
    run = Run.create(tmp_path / "deep" / "checkpoints", "hamlet")
    assert run == Run(tmp_path / "deep" / "checkpoints" / "hamlet")
    assert names(run) == []


@pytest.mark.parametrize("name", ["hamlet", "hamlet 2.1", "-", "Гамлет", "hamlet, first", "a"])
def test_plain_folder_names_are_taken(tmp_path, name):
    assert Run.create(tmp_path, name).folder.is_dir()


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b/c", "/a", "a\\b", "a\nb", "a\n", "a\0", "\x7f", " ", " a", "a "]
)
def test_other_names_are_refused(tmp_path, name):
    for make in (Run.create, Run.open):
        with pytest.raises(ConfigError) as caught:
            make(tmp_path, name)
        assert f"not {name!r}: " in one_line(caught)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["last.safetensors", "best.safetensors", "metrics.jsonl"])
def test_an_existing_run_is_not_overwritten_unasked(tmp_path, file):
    run = Run.create(tmp_path, "hamlet")
    run.release()
    path = run.folder / file
    path.write_bytes(b"old")
    with pytest.raises(RunError) as caught:
        Run.create(tmp_path, "hamlet")
    assert one_line(caught) == (
        f"a run called 'hamlet' exists already in {tmp_path}: continue it with --resume, "
        "replace it with --overwrite, or choose another --name"
    )
    Run.create(tmp_path, "hamlet", overwrite=True)
    assert path.read_bytes() == b"old"


def test_a_folder_with_other_files_is_taken(tmp_path):
    (tmp_path / "hamlet").mkdir()
    (tmp_path / "hamlet" / "notes.txt").write_bytes(b"")
    assert Run.create(tmp_path, "hamlet").folder == tmp_path / "hamlet"


def test_create_refuses_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError) as caught:
        Run.create(tmp_path / "file", "hamlet")
    assert one_line(caught) == (
        f"cannot write {tmp_path / 'file' / 'hamlet'}: Not a directory; choose another folder with --checkpoints"
    )
    with pytest.raises(RunError, match="File exists"):
        Run.create(tmp_path, "file")
    with pytest.raises(RunError, match="File name too long"):
        Run.create(tmp_path, "long" * 100)
    with pytest.raises(ConfigError, match="must be without any of"):
        Run.create(tmp_path, "long:" * 100)


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="needs a folder that takes no files even from root")
def test_create_refuses_a_folder_that_takes_no_files():
    with pytest.raises(RunError, match=r"^cannot write /proc/self/fdinfo: "):
        Run.create(Path("/proc/self"), "fdinfo")


def test_opening_removes_what_killed_processes_left(tmp_path):
    run = make_run(tmp_path, "hamlet", "last")
    for name in ("last.safetensors", "best.safetensors", "metrics.jsonl", "run.json", "corpus.safetensors", "mine"):
        (run.folder / f".{name}.7.tmp").write_bytes(b"half")
    (run.folder / f".{KEPT}.7.tmp").write_bytes(b"half")
    Run.open(tmp_path, "hamlet").release()
    assert names(run) == [".mine.7.tmp", "last.safetensors"]


def test_without_its_last_checkpoint_a_run_tells_of_the_others(tmp_path):
    run = make_run(tmp_path, "hamlet", "best")
    (run.folder / "step-000000012.safetensors").write_bytes(b"")
    with pytest.raises(RunError) as caught:
        Run.open(tmp_path, "hamlet")
    assert one_line(caught) == (
        f"cannot resume the run: {run.last} is missing; copy another of its checkpoints to that name: "
        "step-000000012.safetensors"
    )
    (run.folder / "step-000000012.safetensors").unlink()
    with pytest.raises(RunError, match=r"is missing; start a new run from best.safetensors with --init-from$"):
        Run.open(tmp_path, "hamlet")


def test_the_last_checkpoints_are_kept(tmp_path):
    run = make_run(tmp_path, "hamlet", "last")
    for step in (5, 10, 10, 15, 20):
        write_atomically(run.last, str(step).encode())
        run.keep_last(step, older=1)
    assert [(step, path.read_text()) for step, path in run.kept()] == [(15, "15"), (20, "20")]
    write_atomically(run.last, b"12")
    run.keep_last(12, older=1)  # of a run that has gone back
    assert [(step, path.read_text()) for step, path in run.kept()] == [(12, "12")]
    assert names(run) == ["last.safetensors", "step-000000012.safetensors"]


def test_a_run_has_one_writer(tmp_path):
    run = Run.create(tmp_path, "hamlet")
    run.last.write_bytes(b"")
    for second in (lambda: Run.open(tmp_path, "hamlet"), lambda: Run.create(tmp_path, "hamlet", overwrite=True)):
        with pytest.raises(RunError) as caught:
            second()
        assert one_line(caught) == (
            f"the run {run.folder} is in use by another process: wait until that ends, or give this run another name"
        )
    run.release()
    Run.open(tmp_path, "hamlet").release()


def test_the_lock_dies_with_its_process(tmp_path):
    code = "import os, sys; from pathlib import Path; from charrnn.storage.run import Run; "
    code += "Run.create(Path(sys.argv[1]), 'hamlet').last.write_bytes(b''); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == -9
    Run.open(tmp_path, "hamlet").release()


def test_a_run_that_came_to_nothing_leaves_nothing(tmp_path):
    run = Run.create(tmp_path / "deep" / "checkpoints", "hamlet")
    run.corpus.write_bytes(b"")
    run.abandon()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "checkpoints" / "notes").mkdir(parents=True)
    Run.create(tmp_path / "checkpoints", "hamlet").abandon()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["notes"]


def test_abandoning_keeps_a_run_and_a_folder_that_were_there(tmp_path):
    run = make_run(tmp_path, "hamlet")
    Run.create(tmp_path, "hamlet", overwrite=True).abandon()
    assert run.last.exists()
    (tmp_path / "mine").mkdir()
    Run.create(tmp_path, "mine").abandon()
    assert (tmp_path / "mine").exists()
    Run.open(tmp_path, "hamlet").release()


def test_open_finds_the_run_to_resume(tmp_path):
    assert Run.open(tmp_path, make_run(tmp_path, "hamlet").name) == Run(tmp_path / "hamlet")


def test_open_refuses_a_run_without_a_last_checkpoint(tmp_path):
    make_run(tmp_path, "macbeth", "last", at=1)
    make_run(tmp_path, "othello", "best", at=2)
    with pytest.raises(RunError) as caught:
        Run.open(tmp_path, "hamlet")
    assert one_line(caught) == (
        f"no run called 'hamlet' to resume in {tmp_path}; "
        "runs there: othello, macbeth; train one with: charrnn train FILE"
    )


def test_open_refuses_a_run_that_was_never_saved(tmp_path):
    run = Run.create(tmp_path, "early")
    run.corpus.write_bytes(b"")
    with pytest.raises(RunError, match="is in use by another process"):
        Run.open(tmp_path, "early")
    run.release()
    with pytest.raises(RunError) as caught:
        Run.open(tmp_path, "early")
    assert one_line(caught) == "run 'early' stopped before its first save: train it again"


def test_errors_list_a_few_runs(tmp_path):
    for number in range(NAMES_SHOWN + 1):
        make_run(tmp_path, f"run{number}", at=number)
    with pytest.raises(RunError, match=r"runs there: run5, run4, run3, run2, run1, \.\.\.; train"):
        Run.open(tmp_path, "hamlet")
    with pytest.raises(RunError, match="runs there: none; train"):
        Run.open(tmp_path / "missing", "hamlet")


def test_the_checkpoint_of_a_run_is_its_best_or_else_its_last(tmp_path):
    both, last, none = make_run(tmp_path, "both", "last", "best"), make_run(tmp_path, "last"), Run(tmp_path / "none")
    assert both.checkpoint == both.best
    assert last.checkpoint == last.last
    assert none.checkpoint is None


def test_runs_are_listed_newest_first(tmp_path):
    make_run(tmp_path, "old", "last", at=1)
    make_run(tmp_path, "new", "last", at=4)
    make_run(tmp_path, "only best", "best", at=3)
    os.utime(make_run(tmp_path, "last counts", "last", "best", at=2).best, (9, 9))
    assert [run.name for run in list_runs(tmp_path)] == ["new", "only best", "last counts", "old"]


def test_runs_of_one_moment_are_listed_by_name(tmp_path):
    for name in ("b", "c", "a"):
        make_run(tmp_path, name, at=1)
    assert [run.name for run in list_runs(tmp_path)] == ["a", "b", "c"]


def test_only_folders_with_a_checkpoint_are_runs(tmp_path):
    Run.create(tmp_path, "empty")
    (tmp_path / "README.md").write_bytes(b"")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "last.safetensors").write_bytes(b"")
    assert list_runs(tmp_path) == []


def test_a_missing_checkpoints_folder_holds_no_runs(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert list_runs(tmp_path / "missing") == []
    assert list_runs(tmp_path / "file") == []


def test_a_checkpoints_folder_that_cannot_be_read_is_a_run_error(tmp_path):
    folder = tmp_path / ("long" * 100)
    with pytest.raises(RunError, match=r"File name too long; choose another folder with --checkpoints$"):
        list_runs(folder)


def test_no_target_means_the_newest_run(tmp_path):
    make_run(tmp_path, "old", "last", "best", at=1)
    newest = make_run(tmp_path, "new", "last", "best", at=2)
    assert find_checkpoint(None, tmp_path) == newest.best
    newest.best.unlink()
    assert find_checkpoint(None, tmp_path) == newest.last


def test_no_target_and_no_run_says_how_to_train_one(tmp_path):
    with pytest.raises(RunError) as caught:
        find_checkpoint(None, tmp_path)
    assert one_line(caught) == f"no run in {tmp_path} yet: train one with: charrnn train FILE"


def test_an_empty_target_is_not_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(make_run(tmp_path, "hamlet").folder)
    with pytest.raises(RunError, match="no run or checkpoint '': "):
        find_checkpoint("", tmp_path)


def test_a_target_is_a_name_a_folder_or_a_file(tmp_path):
    run = make_run(tmp_path / "checkpoints", "hamlet", "last", "best")
    elsewhere = make_run(tmp_path / "elsewhere", "macbeth")
    for target in ("hamlet", str(run.folder), f"{run.folder}/", str(run.best)):
        assert find_checkpoint(target, tmp_path / "checkpoints") == run.best
    assert find_checkpoint(str(run.last), tmp_path / "checkpoints") == run.last
    assert find_checkpoint(str(elsewhere.folder), tmp_path / "checkpoints") == elsewhere.last


def test_a_sweeps_runs_are_found_below_its_name(tmp_path):
    run = make_run(tmp_path / "sizes", "small", "last", "best")
    assert find_checkpoint("sizes/small", tmp_path) == run.best
    assert Run.open(tmp_path, "sizes/small") == Run(run.folder)
    for wanted in ("sizes", "sizes/large"):
        with pytest.raises(RunError, match=r"runs there: sizes/small; train one with"):
            find_checkpoint(wanted, tmp_path)
        with pytest.raises(RunError, match=r"runs there: sizes/small; train one with"):
            Run.open(tmp_path, wanted)
    for name in ("sizes/..", "/small", "sizes/small/", "a/b/c"):
        with pytest.raises(ConfigError, match="must be a plain folder name"):
            Run.open(tmp_path, name)
    with pytest.raises(ConfigError, match="must be a plain folder name"):
        Run.create(tmp_path, "sizes/new")


@pytest.mark.parametrize("name", ["a:b", "what?", "a*", '"a"', "a|b", "<a>", "nul", "COM1", "con.v2", "LPT³", "end."])
def test_a_name_that_windows_refuses_is_refused_everywhere(tmp_path, name):
    with pytest.raises(ConfigError, match="a run's name must be without any of"):
        Run.create(tmp_path, name)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such folders")
def test_a_run_of_an_earlier_version_keeps_its_name(tmp_path):
    (tmp_path / "a:b").mkdir()
    run = make_run(tmp_path, "a:b", "last")
    assert find_checkpoint("a:b", tmp_path) == run.last
    Run.open(tmp_path, "a:b").release()
    Run.create(tmp_path, "a:b", overwrite=True).release()


def test_a_run_goes_before_a_file_of_its_name(tmp_path, monkeypatch):
    run = make_run(tmp_path / "checkpoints", "hamlet")
    (tmp_path / "hamlet").write_bytes(b"the corpus")
    (tmp_path / "macbeth").write_bytes(b"a checkpoint, perhaps")
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint("hamlet", Path("checkpoints")).resolve() == run.last
    assert find_checkpoint("./hamlet", Path("checkpoints")) == Path("hamlet")
    assert find_checkpoint("macbeth", Path("checkpoints")) == Path("macbeth")


@pytest.mark.parametrize("target", ["", "hamlet", "../hamlet", "no/such/file", "To be,\nor not\0", "long" * 100])
def test_an_unknown_target_is_a_run_error(tmp_path, target):
    make_run(tmp_path, "macbeth")
    with pytest.raises(RunError) as caught:
        find_checkpoint(target, tmp_path)
    assert one_line(caught) == (
        f"no run or checkpoint {target!r}: not a run in {tmp_path}, not a file, not a run's folder; "
        "runs there: macbeth; train one with: charrnn train FILE"
    )


def test_a_text_knows_the_files_by_which_a_run_or_a_sweep_is_told():
    run = Run(Path("any"))
    assert {path.name for path in (run.last, run.best, run.corpus)} | {SWEEP_PLAN} == OWN_FILES


@pytest.mark.parametrize("ahead", [3600, 86400, 10**9])
def test_a_run_dated_in_the_future_is_not_the_newest(tmp_path, ahead):
    now = int(time.time())
    make_run(tmp_path, "future", "last", "best", at=now + ahead)
    make_run(tmp_path, "further", "best", at=now + 2 * ahead)
    assert [run.name for run in list_runs(tmp_path)] == ["further", "future"]
    make_run(tmp_path, "old", "best", at=now - 10**8)
    make_run(tmp_path, "a server's", "best", at=now + 60)  # whose clock is ahead
    assert [run.name for run in list_runs(tmp_path)] == ["a server's", "old", "further", "future"]
    assert find_checkpoint(None, tmp_path).parent.name == "a server's"
