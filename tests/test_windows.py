"""Jobs where files that are open or mapped can be neither replaced nor removed, as on Windows."""

import gc
import sys
from pathlib import Path

import pytest
from faults import Windows
from jobs import SMALL, TEXT, metrics, train

from charrnn.errors import CharrnnError
from charrnn.starting import open_job
from charrnn.storage.checkpoint import load_header
from charrnn.storage.run import Run
from charrnn.training.events import Finished, SaveFailed, StepDone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="learns in /proc which files are open and mapped")


@pytest.fixture
def windows(monkeypatch):
    disk = Windows()
    disk.install(monkeypatch)
    return disk


def test_the_fake_refuses_what_is_open_or_mapped(windows, tmp_path):
    path, other = tmp_path / "file", tmp_path / "other"
    for held in (path, other):
        held.write_bytes(b"12345678")
    with path.open(), pytest.raises(PermissionError):
        path.unlink()
    with pytest.raises(PermissionError), path.open():
        other.replace(path)
    other.replace(path)
    path.unlink()
    assert windows.refused == [str(path)] * 2


def test_a_run_is_replaced_by_one_of_another_text_that_it_reads(windows, corpus, runs):
    train(corpus, checkpoints=runs, steps=4, save_every=1, eval_every=2, keep=2)
    Path(corpus).write_text(TEXT + TEXT[::-1])
    job, events = train(corpus, checkpoints=runs, steps=8, save_every=1, eval_every=2, keep=2, overwrite=True)
    assert [event for event in events if isinstance(event, SaveFailed)] == []
    assert isinstance(events[-1], Finished)
    assert [record["step"] for record in metrics(runs)] == [2, 4, 6, 8]
    run = Run(runs / "cat")
    assert load_header(run.last)["progress"]["step"] == 8
    assert [step for step, _ in run.kept()] == [6, 7, 8]
    assert windows.refused == [str(run.new.corpus)]
    assert [path.name for path in run.new.folder.iterdir()] == ["corpus.safetensors"]

    del job, events
    gc.collect()  # the text is mapped until the job is gone
    _, events = train(corpus, checkpoints=runs, resume=True, steps=9)
    assert [event.step for event in events if isinstance(event, StepDone)] == [9]
    assert not run.new.folder.exists()
    assert len(windows.refused) == 1


def test_a_run_that_fails_to_start_leaves_no_folder(windows, tmp_path):
    (tmp_path / "text").write_text("a")
    with pytest.raises(CharrnnError):
        open_job([str(tmp_path / "text")], checkpoints=tmp_path / "runs", **SMALL)
    assert not (tmp_path / "runs").exists()
    assert windows.refused  # the lock's file, while it was locked
