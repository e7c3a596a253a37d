import pytest
from faults import FaultyOs

from charrnn.errors import RunError
from charrnn.storage.replacement import replace, settle
from charrnn.storage.run import Run


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path, "hamlet")


def write(run, *names, content=b"old"):
    run.folder.mkdir(exist_ok=True)
    for name in names:
        (run.folder / name).write_bytes(content)


def contents(run):
    return {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name != ".lock"}


def test_a_new_run_takes_the_place_of_all_of_an_older_one_and_of_no_other_file(run):
    others = ("corpus.safetensors", "notes.txt", "step-12")
    write(run, "last.safetensors", "best.safetensors", "metrics.jsonl", "step-000000012.safetensors", *others)
    write(run.new, "last.safetensors", "metrics.jsonl", "run.json", content=b"new")
    settle(run, run.new)
    new = dict.fromkeys(("last.safetensors", "metrics.jsonl", "run.json"), b"new")
    assert contents(run) == new | dict.fromkeys(others, b"old")


def test_without_a_last_checkpoint_nothing_is_replaced(run):
    write(run, "last.safetensors", "best.safetensors")
    before = contents(run)
    write(run.new, "best.safetensors", "metrics.jsonl", "run.json", ".last.safetensors.7.tmp", content=b"new")
    settle(run, run.new)
    assert contents(run) == before


def test_nothing_old_goes_before_the_new_is_on_the_disk(run, monkeypatch):
    write(run, "last.safetensors", "best.safetensors")
    write(run.new, "last.safetensors", content=b"new")
    disk = FaultyOs()
    disk.install(monkeypatch)
    replace(run, run.new)
    synced = [number for number, (name, *_) in enumerate(disk.calls) if name == "fsync"]
    gone = disk.calls.index(("unlink", run.best))
    done = disk.calls.index(("unlink", run.new.last))
    assert synced[0] < gone
    assert any(gone < number < done for number in synced)
    assert synced[-1] > done


def test_what_cannot_be_replaced_is_an_error_when_the_run_is_opened(run):
    run.release()
    run.best.mkdir()
    write(run.new, "last.safetensors", content=b"new")
    with pytest.raises(RunError, match=r"^cannot write "):
        Run.open(run.folder.parent, run.name)
    run.best.rmdir()
    Run.open(run.folder.parent, run.name).release()
    assert contents(run) == {"last.safetensors": b"new"}
