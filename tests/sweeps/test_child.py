import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from endurance.sweeps import children
from waiting import until

from charrnn.storage.lock import FolderLock
from charrnn.storage.run import Run
from charrnn.sweeps.child import RunResult, command_of, train_run
from charrnn.sweeps.planned_run import PlannedRun

OPTIONS = {"hidden-size": 8, "batch-size": 8, "seq-length": 20, "eval-every": 5, "steps": 1_000_000}


@pytest.fixture
def planned(tmp_path):
    text = tmp_path / "cats.txt"
    text.write_text("the cat sat on the mat.\n" * 100)
    return PlannedRun("long", (str(text),), OPTIONS, {})


def test_the_command_has_every_option(planned, tmp_path):
    options = {"bytes": True, "dropout": 0.5, "threads": 3}
    words = command_of(PlannedRun("a", ("/x", "/y"), options, {}), tmp_path, threads=2)
    assert words[3:] == [
        *("train", "/x", "/y", "--threads=3", "--bytes", "--dropout=0.5", "--name=a", f"--checkpoints={tmp_path}"),
        *("--overwrite", "--no-plan", "--no-preview", "--until-eof", "--quiet"),
    ]
    assert "--bytes" not in command_of(PlannedRun("a", (), {"bytes": False}, {}), tmp_path, threads=2)


def test_only_a_new_run_starts_from_another_model(tmp_path):
    planned = PlannedRun("a", ("/x",), {"init-from": "/b/best.safetensors"}, {})
    assert "--init-from=/b/best.safetensors" in command_of(planned, tmp_path, threads=1)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "last.safetensors").touch()
    words = command_of(planned, tmp_path, threads=1)
    assert "--resume" in words
    assert not any(word.startswith("--init-from") for word in words)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
def test_a_killed_run_has_failed_and_one_that_is_stopped_is_cut(planned, tmp_path, monkeypatch):
    monkeypatch.setenv("CHARRNN_NAME", "of a variable")
    run, stopped = Run(tmp_path / planned.name), threading.Event()
    before = set(children(os.getpid()))
    with ThreadPoolExecutor() as pool, contextlib.ExitStack() as at_the_end:
        at_the_end.callback(stopped.set)  # the run would train for ever after a failure
        ended = pool.submit(train_run, planned, tmp_path, 1, stopped.is_set)
        until(run.last.is_file)
        [pid] = set(children(os.getpid())) - before
        os.kill(pid, signal.SIGKILL)
        assert ended.result().state == "failed"
        assert ended.result().why == "its process was killed by SIGKILL; the machine may have run out of memory"

        saved = run.last.read_bytes()
        held = FolderLock(run.folder)
        ended = pool.submit(train_run, planned, tmp_path, 1, stopped.is_set)
        time.sleep(0.1)
        assert set(children(os.getpid())) <= before  # waits for who holds the lock
        held.release()
        until(lambda: run.last.read_bytes() != saved)
        stopped.set()
        assert ended.result() == RunResult("cut")


def test_ctrl_c_at_a_sweep_does_not_reach_its_runs(planned, tmp_path, monkeypatch):
    started = []

    def popen(command, **keywords):
        started.append(keywords)
        raise KeyboardInterrupt

    monkeypatch.setattr("charrnn.system.WINDOWS", True)
    monkeypatch.setattr("subprocess.Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        train_run(planned, tmp_path, 1, lambda: False)
    assert started[0]["creationflags"] == 0x200
    assert "start_new_session" not in started[0]
