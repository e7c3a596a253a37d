import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from faults import FaultyOs
from jobs import SMALL, TEXT, metrics, train

from charrnn.errors import CheckpointError, ConfigError, CorpusError, RunError, TrainingError
from charrnn.registry import names_in
from charrnn.starting import open_job
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata
from charrnn.training.events import CheckpointDue, Finished, SaveFailed, StepDone
from charrnn.training.settings import SCHEDULES


def test_a_run_leaves_its_files_and_the_metrics_of_each_evaluation(corpus, runs):
    train(corpus, checkpoints=runs, steps=20, eval_every=10)
    assert sorted(path.name for path in (runs / "cat").iterdir()) == [
        ".lock",
        "best.safetensors",
        "corpus.safetensors",
        "last.safetensors",
        "metrics.jsonl",
        "run.json",
        "samples.jsonl",
    ]
    assert [record["step"] for record in metrics(runs)] == [10, 20]
    samples = [json.loads(line) for line in (runs / "cat" / "samples.jsonl").read_text().splitlines()]
    assert [(sample["step"], bool(sample["text"])) for sample in samples] == [(10, True), (20, True)]
    wanted = ["step", "epoch", "seconds", "train_bpc", "val_bpc", "learning_rate", "grad_norm", "chars_per_second"]
    wanted += ["spikes", "rollbacks"]
    assert list(json.loads((runs / "cat" / "metrics.jsonl").read_text().splitlines()[0])) == wanted


def test_counts_take_one_pass_and_have_nothing_to_resume(corpus, runs):
    job = open_job([corpus], checkpoints=runs, model="ngram", order=5)
    assert job.started.parameters == job.trainer.parameter_count > 50
    assert [type(event).__name__ for event in job.events()][-1] == "Finished"
    assert [record["step"] for record in metrics(runs)] == [1]
    last = (runs / "cat" / "last.safetensors").read_bytes()
    again, events = train(corpus, checkpoints=runs, resume=True, order=5)
    assert (runs / "cat" / "last.safetensors").read_bytes() == last
    assert again.started.resumed_from == 1
    assert [type(event).__name__ for event in events] == ["Started", "Finished"]
    with pytest.raises(ConfigError, match="order is 5 in this run and cannot become 6"):
        train(corpus, checkpoints=runs, resume=True, order=6)
    for option in ("hidden_size", "steps"):
        with pytest.raises(ConfigError, match=f"model ngram has no {option}: leave it out"):
            open_job([corpus], checkpoints=runs, name="other", model="ngram", **{option: 9})
    with pytest.raises(ConfigError, match="model ngram has no learning_rate: leave it out"):
        train(corpus, checkpoints=runs, resume=True, learning_rate=0.1)
    train(corpus, checkpoints=runs, resume=True, val_fraction=0.1, batch_size=32)


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
    Run.open(runs, "cat").release()  # what the next start does
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


def test_a_text_from_standard_input_is_in_the_cache_or_must_be_piped_in_again(corpus, runs):
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
    job, _ = train(checkpoints=runs, resume=True, steps=4)
    assert job.started.resumed_from == 3
    job.run.corpus.unlink()
    with pytest.raises(CorpusError, match="pipe it in again"):
        open_job(checkpoints=runs, resume=True)


def test_a_small_text_shrinks_the_batch_and_says_so(tmp_path, runs):
    path = tmp_path / "tiny.txt"
    path.write_text("abcabcabc")
    job, events = train(str(path), checkpoints=runs, steps=2)
    assert job.started.notes == (
        "few characters: 1 stream instead of 4, windows of 8 instead of 16",
        "the text is too short to validate on a part of it",
    )
    assert events[-1].step == 2


@pytest.mark.parametrize(
    ("documents", "val_fraction", "shown"),
    [(r"\n%%\n", 0.1, r"'\n%%\n'"), ("file", 0.1, "file"), ("line", 0.1, ""), ("line", 0.0, "")],
)
def test_a_text_that_nothing_separates_is_told_to_be_one_document(corpus, runs, documents, val_fraction, shown):
    job = open_job([corpus], checkpoints=runs, documents=documents, val_fraction=val_fraction, steps=1, **SMALL)
    job.close()
    one = f"the text is one document, as --documents {shown} splits it: there is no other to validate with"
    held_out = 40 * val_fraction
    lines = f"{40 - held_out:.0f} documents to train on, {held_out:.0f} to validate with: the end of each counts as "
    assert job.started.notes == ((one,) if shown else (f"{lines}one character",))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"hiden_size": 3}, ConfigError, r"unknown option 'hiden_size': did you mean hidden_size\? see charrnn"),
        ({"qqqq": 3}, ConfigError, "unknown option 'qqqq': see charrnn train --help"),
        ({"threads": 0}, ConfigError, "threads must be a whole number of at least 1, not 0"),
        ({"resume": True}, RunError, "no run called 'cat' to resume"),
        ({"name": "a/b"}, ConfigError, "a/b"),
        ({"name": ""}, ConfigError, "a run's name must be a plain folder name such as 'shakespeare', not ''"),
        ({"name": "", "resume": True}, ConfigError, "a run's name must be a plain folder name"),
        ({"init_from": ""}, RunError, "no run or checkpoint ''"),
        ({"init_from": "", "resume": True}, ConfigError, "give --resume or --init-from, not both"),
        ({"documents": ""}, ConfigError, "documents must be line, file or what separates them, not ''"),
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


EXACT = {
    "sgd": {"schedule": "cosine", "clip_value": 0.1, "weight_decay": 0.5, "documents": " ", "batch_size": 8},
    "rmsprop": {"schedule": "step", "decay_every": 0.3, "dropout": 0.2, "num_layers": 2},
    "adagrad": {"schedule": "constant", "embedding_size": 0, "reset_probability": 0.5},
    "adam": {"schedule": "linear", "warmup_steps": 30, "recurrent_init": "orthogonal", "precision": "float64"},
}


def test_every_schedule_is_interrupted():
    assert {options["schedule"] for options in EXACT.values()} == set(SCHEDULES)


@pytest.mark.parametrize("optimizer", names_in("optimizers"))
def test_a_run_interrupted_twice_ends_in_the_same_bytes(corpus, runs, tmp_path, optimizer):
    options = {"optimizer": optimizer, **EXACT[optimizer]}
    train(corpus, checkpoints=runs, steps=30, eval_every=8, **options)
    others = tmp_path / "others"
    train(corpus, checkpoints=others, steps=30, eval_every=8, stop_after=5, save_every=2, **options)
    train(corpus, checkpoints=others, resume=True, threads=2, stop_after=21)
    train(checkpoints=others, resume=True, save_every=0, keep=3)
    for name in ("last.safetensors", "best.safetensors"):
        assert (others / "cat" / name).read_bytes() == (runs / "cat" / name).read_bytes()
    assert metrics(others) == metrics(runs)


def test_a_checkpoint_tells_neither_where_nor_how_it_was_made(corpus, runs, tmp_path):
    train(corpus, checkpoints=runs, steps=5)
    elsewhere = tmp_path / "elsewhere" / "dog.txt"
    elsewhere.parent.mkdir()
    elsewhere.write_text(TEXT)
    train(str(elsewhere), checkpoints=tmp_path / "others", name="fox", steps=5, threads=2, save_every=1, keep=2)
    assert (runs / "cat" / "last.safetensors").read_bytes() == (
        tmp_path / "others" / "fox" / "last.safetensors"
    ).read_bytes()
    assert [step for step, _ in Run(tmp_path / "others" / "fox").kept()] == [3, 4, 5]


def test_a_resumed_run_saves_and_keeps_as_before(corpus, runs):
    train(corpus, checkpoints=runs, steps=3, save_every=1, keep=1)
    train(checkpoints=runs, resume=True, steps=6)
    assert [step for step, _ in Run(runs / "cat").kept()] == [5, 6]
    assert RunMetadata.read(runs / "cat" / "run.json").save_every == 1


def test_a_run_tells_why_it_has_ended_until_it_goes_on(corpus, runs):
    def ended():
        return RunMetadata.read(runs / "cat" / "run.json").ended

    train(corpus, checkpoints=runs, steps=9, stop_after=2)
    assert ended() == "interrupted"
    job = open_job([corpus], checkpoints=runs, resume=True, save_every=1)
    told = []
    for event in job.events():
        if isinstance(event, CheckpointDue) and event.kind == "last":
            told.append(ended())
    assert set(told) == {""}
    assert ended() == "steps"
    before = (runs / "cat" / "run.json").stat().st_mtime_ns
    train(corpus, checkpoints=runs, resume=True)
    assert (runs / "cat" / "run.json").stat().st_mtime_ns == before
    train(corpus, checkpoints=runs, resume=True, minutes=1e-6)
    assert ended() == "minutes"


def test_all_options_that_differ_are_named(corpus, runs):
    train(corpus, checkpoints=runs, steps=2)
    with pytest.raises(ConfigError) as caught:
        open_job([corpus], checkpoints=runs, resume=True, hidden_size=32, batch_size=5, steps=4)
    assert str(caught.value) == (
        "hidden_size is 16 in this run and cannot become 32, batch_size is 4 in this run and cannot become 5: leave "
        "them out, or start a new run; a resumed run may be given steps, epochs, minutes, eval_every, patience, "
        "learning_rate, schedule, warmup_steps, decay_rate, decay_every, weight_decay, clip_norm, clip_value, "
        "epsilon, beta1, beta2, square_decay, momentum, save_every, keep, counts, members and threads"
    )
    with pytest.raises(ConfigError) as caught:
        open_job([corpus], checkpoints=runs, resume=True, hidden_size=32, as_bytes=True, documents="line")
    assert str(caught.value).startswith(
        "hidden_size is 16 in this run and cannot become 32, as_bytes is False in this run and cannot become True, "
        "documents is '' in this run and cannot become 'line': leave them out, or start a new run; "
    )


def test_documents_are_for_recurrent_networks(corpus, runs):
    for model in ("tdnn", "ngram"):
        with pytest.raises(ConfigError, match="cannot learn documents"):
            open_job([corpus], checkpoints=runs, model=model, documents="line")
    assert not runs.exists()


def test_what_changes_what_is_learned_is_told(corpus, runs):
    train(corpus, checkpoints=runs, steps=2)
    job = open_job([corpus], checkpoints=runs, resume=True, learning_rate=0.5, steps=4, eval_every=1)
    assert job.started.notes == ("learning_rate was 0.01 and is 0.5 from here on",)
    job.close()
    job = open_job([corpus], checkpoints=runs, resume=True, learning_rate=0.0)  # adam's own, as before
    assert job.started.notes == ()
    job.close()


def test_a_run_has_one_job_until_that_is_over(corpus, runs):
    job = open_job([corpus], checkpoints=runs, steps=2, **SMALL)
    with pytest.raises(RunError, match="is in use by another process"):
        open_job([corpus], checkpoints=runs, overwrite=True, **SMALL)
    events = job.events()
    next(events)
    with pytest.raises(RunError, match="is in use by another process"):
        open_job([corpus], checkpoints=runs, overwrite=True, **SMALL)
    list(events)
    open_job([corpus], checkpoints=runs, resume=True).close()


def test_a_failed_save_is_told_and_made_up_for(corpus, runs, monkeypatch):
    job = open_job([corpus], checkpoints=runs, steps=20, save_every=2, eval_every=10, **SMALL)
    events = []
    for event in job.events():
        events.append(event)
        if isinstance(event, StepDone) and event.step in (3, 13):
            FaultyOs(1, for_good=event.step == 3).install(monkeypatch)
    failed = [event.step for event in events if isinstance(event, SaveFailed)]
    assert failed == [4, 6, 8, 10, 10, 12, 14]
    assert isinstance(events[-1], Finished)
    assert [record["step"] for record in metrics(runs)] == [10, 20]
    assert load_checkpoint(runs / "cat" / "last.safetensors").header["progress"]["step"] == 20


def test_a_run_whose_end_cannot_be_saved_ends_with_an_error_and_its_last_checkpoint(corpus, runs, monkeypatch):
    train(corpus, checkpoints=runs, steps=3)
    before = (runs / "cat" / "last.safetensors").read_bytes()
    job = open_job([corpus], checkpoints=runs, resume=True, steps=5)
    FaultyOs(1, for_good=True).install(monkeypatch)
    with pytest.raises(RunError, match="No space left on device"):
        list(job.events())
    assert (runs / "cat" / "last.safetensors").read_bytes() == before


def test_a_run_of_format_1_can_be_resumed(tmp_path, runs):
    (runs / "old").mkdir(parents=True)
    old = Path(__file__).parent / "storage" / "old" / "version1.safetensors"
    shutil.copy(old, runs / "old" / "last.safetensors")
    source = tmp_path / "cat.txt"
    source.write_text("the cat sat on the mat.\n" * 40)
    _, events = train(str(source), checkpoints=runs, resume=True, name="old", steps=6)
    assert (events[0].resumed_from, events[-1].step) == (4, 6)
    assert load_checkpoint(runs / "old" / "last.safetensors").header["progress"]["step"] == 6


def test_a_damaged_number_in_the_cache_is_never_trained_on(corpus, runs):
    train(corpus, checkpoints=runs, steps=2)
    path = runs / "cat" / "corpus.safetensors"
    whole, status = path.read_bytes(), path.stat()
    path.write_bytes(whole[: -len(TEXT)] + b"\xff" * len(TEXT))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a disk that loses bits
    with pytest.raises(CorpusError, match=r"corpus\.safetensors is damaged"):
        train(checkpoints=runs, resume=True, steps=4)
    path.write_bytes(whole[: -len(TEXT)] + bytes(len(TEXT)))
    train(checkpoints=runs, resume=True, steps=4)
    assert path.read_bytes()[-len(TEXT) :] == whole[-len(TEXT) :]


def test_the_hint_is_of_all_sessions_and_patience_is_kept(corpus, runs, tmp_path):
    options = {"steps": 60, "eval_every": 10, "learning_rate": 0.01}
    _, whole = train(corpus, checkpoints=runs, **options)
    assert "alike and still falling" in whole[-1].hint
    others = tmp_path / "others"
    _, events = train(corpus, checkpoints=others, stop_after=35, patience=2, **options)
    assert events[-1].hint is None
    job, events = train(corpus, checkpoints=others, resume=True)
    assert job.trainer.settings.patience == 2
    assert events[-1].hint == whole[-1].hint
    with pytest.raises(ConfigError, match="patience waits for a lower validation loss"):
        open_job([corpus], checkpoints=runs, name="x", patience=2, val_fraction=0)


def test_the_best_checkpoint_has_no_optimizer_state_and_serves_all_but_resuming(corpus, runs):
    options = {**SMALL, "checkpoints": runs, "preview": False, "eval_every": 2}
    for _ in open_job([corpus], steps=4, **options).events():
        pass
    run = Run(runs / "cat")
    last, best = load_checkpoint(run.last), load_checkpoint(run.best)
    assert any(name.startswith("optimizer.") for name in last.tensors)
    assert best.tensors.keys() == {name for name in last.tensors if not name.startswith(("optimizer.", "state."))}
    for _ in open_job([corpus], steps=2, name="other", init_from=run.best, **options).events():
        pass
    run.last.write_bytes(run.best.read_bytes())
    with pytest.raises(
        CheckpointError, match=r"without the optimizer's state, .*; start a new run from it with --init"
    ):
        open_job(name="cat", resume=True, checkpoints=runs)
