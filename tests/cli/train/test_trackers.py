"""``--log-to`` with the real packages where they are installed."""

import json
import subprocess
import sys

import pytest

SMALL = ("--hidden-size", 8, "--batch-size", 4, "--seq-length", 10, "--steps", 4, "--eval-every", 2, "--no-preview")


def test_tensorboard_gets_the_figures_of_updates_and_evaluations(invoke, text, tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    done = invoke("train", text, *SMALL, "--checkpoints", tmp_path / "runs", "--log-to", "tensorboard", "--json")
    assert done.exit_code == 0, done.stderr
    [file] = (tmp_path / "runs" / "cats").glob("events.out.tfevents.*")
    found = scalars(file.read_bytes())
    told = [json.loads(line) for line in done.stdout.splitlines()]
    evaluated = {line["step"]: line["val_bpc"] for line in told if "val_bpc" in line}
    assert dict(found["val/bpc"]) == pytest.approx(evaluated)
    assert [step for step, _ in found["train/bpc"]] == [1, 2, 3, 4]
    assert {"train/learning_rate", "train/grad_norm", "train/epoch", "train/chars_per_second"} <= found.keys()


def scalars(data):
    """Steps and values by name, of a file of records: length (8 bytes), its sum (4), the record, its sum (4)."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    while data:
        length = int.from_bytes(data[:8], "little")
        event, data = Event.FromString(data[12 : 12 + length]), data[16 + length :]
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_wandb_gets_them_too(text, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    command = [sys.executable, "-m", "charrnn", "train", text, *SMALL, "--checkpoints", tmp_path / "runs"]
    done = subprocess.run([*map(str, command), "--log-to", "wandb", "--quiet"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    [file] = tmp_path.glob("wandb/offline-run-*/*.wandb")
    data = file.read_bytes()
    for name in (b"val/bpc", b"train/bpc", b"train/learning_rate"):
        assert name in data


def test_trackio_gets_them_and_its_notes_are_no_data(text, tmp_path, monkeypatch):
    pytest.importorskip("trackio", reason="trackio is not installed")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "tracked"))
    command = [sys.executable, "-m", "charrnn", "train", text, *SMALL, "--checkpoints", tmp_path / "runs"]
    done = subprocess.run([*map(str, command), "--log-to", "trackio", "--json"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (events[0], events[-1]) == ("started", "finished")
    data = (tmp_path / "tracked" / "charrnn.db").read_bytes()
    for name in (b"val/bpc", b"train/bpc", b"train/learning_rate"):
        assert name in data


def test_a_missing_package_is_told_before_anything_is_made(invoke, text, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trackio", None)  # as if it were not installed
    done = invoke("train", text, *SMALL, "--checkpoints", tmp_path / "runs", "--log-to", "trackio")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "charrnn: error: --log-to trackio needs the package trackio: install it with pip install trackio"
    )
    assert not (tmp_path / "runs").exists()


def test_nothing_is_imported_otherwise(text, tmp_path):
    code = (
        "import sys; from charrnn.cli.shared.group import group; "
        "group(sys.argv[1:], standalone_mode=False); "
        "print([name for name in ('tensorboardX', 'trackio', 'wandb', 'torch') if name in sys.modules])"
    )
    words = ["train", text, *SMALL, "--checkpoints", tmp_path / "runs", "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
