import json
import subprocess
import sys

import numpy as np
import pytest

from charrnn.errors import CheckpointError, ConfigError, CorpusError, RunError, TrainingError
from charrnn.job import open_job
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.training.events import Finished, StepDone

TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 40
SMALL = {"hidden_size": 16, "batch_size": 4, "seq_length": 16, "threads": 1}


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "cat.txt"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


def train(*sources, stop_after=None, **options):
    job = open_job(sources, **(SMALL if not options.get("resume") else {}) | options)
    events = []
    for event in job.events():
        events.append(event)
        if isinstance(event, StepDone) and event.step == stop_after:
            job.trainer.stop()
    return job, events


def metrics(runs, name="cat"):
    timed = {"seconds", "chars_per_second"}
    lines = (runs / name / "metrics.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in timed} for line in lines]


def test_a_run_leaves_its_three_files_and_the_metrics_of_each_evaluation(corpus, runs):
    train(corpus, checkpoints=runs, steps=20, eval_every=10)
    assert sorted(path.name for path in (runs / "cat").iterdir()) == [
        "best.safetensors",
        "last.safetensors",
        "metrics.jsonl",
    ]
    assert [record["step"] for record in metrics(runs)] == [10, 20]
    wanted = ["step", "epoch", "seconds", "train_bpc", "val_bpc", "learning_rate", "grad_norm", "chars_per_second"]
    assert list(json.loads((runs / "cat" / "metrics.jsonl").read_text().splitlines()[0])) == wanted


@pytest.mark.parametrize("model", ["rnn", "tdnn"])
def test_an_interrupted_and_resumed_run_equals_an_uninterrupted_one(corpus, runs, tmp_path, model):
    train(corpus, checkpoints=runs, steps=40, eval_every=7, model=model)
    others = tmp_path / "others"
    _, events = train(corpus, checkpoints=others, steps=40, eval_every=7, stop_after=17, model=model)
    assert events[-1].reason == "interrupted"
    job, events = train(corpus, checkpoints=others, resume=True, threads=2)
    assert job.started.resumed_from == 17
    assert events[-1].reason == "steps"
    assert metrics(others) == metrics(runs)
    whole, resumed = (load_checkpoint(folder / "cat" / "last.safetensors") for folder in (runs, others))
    assert whole.tensors.keys() == resumed.tensors.keys()
    assert all(np.array_equal(whole.tensors[name], resumed.tensors[name]) for name in whole.tensors)


def test_counts_take_one_pass_and_have_nothing_to_resume(corpus, runs):
    job = open_job([corpus], checkpoints=runs, model="ngram", order=5)
    assert job.started.parameters == job.trainer.parameter_count > 50
    assert [type(event).__name__ for event in job.events()][-1] == "Finished"
    assert [record["step"] for record in metrics(runs)] == [1]
    again, events = train(corpus, checkpoints=runs, resume=True, order=5)
    assert again.started.resumed_from == 1
    assert [type(event).__name__ for event in events] == ["Started", "Finished"]
    with pytest.raises(ConfigError, match="order is 5 in this run and cannot become 6"):
        train(corpus, checkpoints=runs, resume=True, order=6)
    with pytest.raises(ConfigError, match="hidden_size is nothing that a ngram model has"):
        open_job([corpus], checkpoints=runs, name="other", model="ngram", hidden_size=9)


def test_a_resumed_run_knows_its_text_and_the_newest_run_is_resumed(corpus, runs):
    train(corpus, checkpoints=runs, steps=5)
    job, events = train(checkpoints=runs, resume=True, steps=9)
    assert job.run.name == "cat"
    assert events[-1].step == 9


def test_a_finished_run_has_nothing_to_resume(corpus, runs):
    train(corpus, checkpoints=runs, steps=5)
    _, events = train(checkpoints=runs, resume=True)
    assert [type(event) for event in events[1:]] == [Finished]


def test_a_limit_given_anew_takes_the_place_of_the_old_ones(corpus, runs):
    train(corpus, checkpoints=runs, steps=5)
    _, events = train(corpus, checkpoints=runs, resume=True, epochs=0.5)
    assert (events[-1].reason, events[-1].epoch) == ("epochs", pytest.approx(0.5, abs=0.05))


def test_what_makes_a_run_cannot_be_changed(corpus, runs):
    train(corpus, checkpoints=runs, steps=5)
    with pytest.raises(ConfigError, match="hidden_size is 16 in this run and cannot become 32"):
        open_job([corpus], checkpoints=runs, resume=True, hidden_size=32)
    with pytest.raises(ConfigError, match="batch_size is 4"):
        open_job([corpus], checkpoints=runs, resume=True, batch_size=5)
    open_job([corpus], checkpoints=runs, resume=True, hidden_size=16, learning_rate=0.5)


def test_a_changed_text_is_an_error(corpus, runs, tmp_path):
    train(corpus, checkpoints=runs, steps=5)
    (tmp_path / "cat.txt").write_text(TEXT + "more")
    with pytest.raises(CorpusError, match="the text has changed since run 'cat' began"):
        open_job([corpus], checkpoints=runs, resume=True)


def test_an_existing_run_is_neither_overwritten_nor_continued_unasked(corpus, runs):
    train(corpus, checkpoints=runs, steps=5)
    before = (runs / "cat" / "last.safetensors").read_bytes()
    with pytest.raises(RunError, match="exists already"):
        open_job([corpus], checkpoints=runs)
    with pytest.raises(ConfigError, match="not both"):
        open_job([corpus], checkpoints=runs, resume=True, overwrite=True)
    open_job([corpus], checkpoints=runs, overwrite=True, steps=5)  # not yet trained: nothing is lost
    assert (runs / "cat" / "last.safetensors").read_bytes() == before
    train(corpus, checkpoints=runs, overwrite=True, steps=3)
    assert [record["step"] for record in metrics(runs)] == [3]


def test_an_overwritten_run_is_kept_until_the_new_one_can_be_saved(corpus, runs):
    resource = pytest.importorskip("resource")
    train(corpus, checkpoints=runs, steps=5)
    before = {path.name: path.read_bytes() for path in (runs / "cat").iterdir()}
    command = [sys.executable, "-m", "charrnn", "train", corpus, "--checkpoints", runs, "--overwrite"]
    done = subprocess.run(
        [*command, "--steps", "5", "--hidden-size", "64", "--batch-size", "4"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),  # a disk that is full
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert {path.name: path.read_bytes() for path in (runs / "cat").iterdir()} == before


def test_an_overwritten_run_leaves_nothing_of_the_old_one(corpus, runs, tmp_path):
    train(corpus, checkpoints=runs, steps=20, eval_every=5)
    others = tmp_path / "others"
    for folder in (runs, others):
        train(corpus, checkpoints=folder, steps=6, eval_every=3, overwrite=True)
    assert metrics(runs) == metrics(others)
    for name in ("last", "best"):
        old, new = (load_checkpoint(folder / "cat" / f"{name}.safetensors") for folder in (runs, others))
        assert all(np.array_equal(old.tensors[key], new.tensors[key]) for key in new.tensors)


def test_a_diverged_run_keeps_what_was_saved(corpus, runs):
    train(corpus, checkpoints=runs, steps=5)
    before = {path.name: path.read_bytes() for path in (runs / "cat").iterdir()}
    with pytest.raises(TrainingError, match="diverged"):
        train(corpus, checkpoints=runs, resume=True, steps=50, learning_rate=1e30, clip_norm=0, eval_every=1)
    assert {path.name: path.read_bytes() for path in (runs / "cat").iterdir()} == before


def test_a_diverged_run_without_validation_keeps_what_was_saved(corpus, runs):
    train(corpus, checkpoints=runs, steps=5, val_fraction=0.0)
    before = {path.name: path.read_bytes() for path in (runs / "cat").iterdir()}
    with pytest.raises(TrainingError, match="diverged"):
        train(corpus, checkpoints=runs, resume=True, steps=50, learning_rate=1e30, clip_norm=0, eval_every=1)
    assert {path.name: path.read_bytes() for path in (runs / "cat").iterdir()} == before


@pytest.mark.parametrize("options", [{"as_bytes": True}, {"encoding": "latin-1"}])
def test_a_resumed_run_reads_its_text_as_before(tmp_path, runs, options):
    path = tmp_path / "accents.txt"
    path.write_bytes("café crème\n".encode("latin-1") * 60)
    train(str(path), checkpoints=runs, steps=3, **options)
    _, events = train(checkpoints=runs, resume=True, steps=5)
    assert events[-1].step == 5


def test_a_text_from_standard_input_must_be_piped_in_again(corpus, runs):
    with open(corpus, "rb") as file:  # noqa: PTH123
        command = [
            sys.executable,
            "-m",
            "charrnn",
            "train",
            "-",
            "--checkpoints",
            runs,
            "--steps",
            "3",
            "--hidden-size",
            "8",
        ]
        subprocess.run(command, stdin=file, capture_output=True, check=True)
    with pytest.raises(CorpusError, match="pipe it in again"):
        open_job(checkpoints=runs, resume=True)


def test_a_small_text_shrinks_the_batch_and_says_so(tmp_path, runs):
    path = tmp_path / "tiny.txt"
    path.write_text("abcabcabc")
    job, events = train(str(path), checkpoints=runs, steps=2)
    assert job.started.notes == (
        "9 characters are few: 1 stream with windows of 8 instead of 4 and 16",
        "the text is too short to validate on a part of it",
    )
    assert events[-1].step == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"hiden_size": 3}, ConfigError, "unknown option 'hiden_size'"),
        ({"threads": 0}, ConfigError, "threads must be at least 1, not 0"),
        ({"resume": True}, RunError, "no run called 'cat' to resume"),
        ({"name": "a/b"}, ConfigError, "a/b"),
    ],
)
def test_errors_say_what_to_do_and_leave_nothing(corpus, runs, options, error, message):
    with pytest.raises(error, match=message):
        open_job([corpus], checkpoints=runs, **options)
    assert not runs.exists()


def test_no_text_is_an_error(runs):
    with pytest.raises(CorpusError, match="no text to train on"):
        open_job(checkpoints=runs)


def test_a_checkpoint_without_settings_cannot_be_resumed(corpus, runs):
    from charrnn.storage.checkpoint import Checkpoint, save_checkpoint

    job, _ = train(corpus, checkpoints=runs, steps=2)
    checkpoint = load_checkpoint(job.run.last)
    header = {key: value for key, value in checkpoint.header.items() if key != "settings"}
    save_checkpoint(job.run.last, Checkpoint(checkpoint.tensors, header))
    with pytest.raises(CheckpointError, match="cannot be resumed"):
        open_job([corpus], checkpoints=runs, resume=True)
