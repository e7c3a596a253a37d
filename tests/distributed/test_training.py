"""Distributed training from outside: what mpirun starts, kills and resumes."""

import json
import signal
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from jobs import SMALL, TEXT, metrics, train
from launched import is_open_mpi, kill_rank, start, train_in, with_mpi

from charrnn.cli.shared.group import group
from charrnn.training.events import StepDone

ROWS = "".join(f"{name}\t{len(name) % 2}\n" for name in TEXT.split())


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text(ROWS)
    return str(path)


def words_of(options):
    """The options of ``open_job`` on the command line."""
    flags = {
        name: "--" + ("" if value is not False else "no-") + name.replace("_", "-") for name, value in options.items()
    }
    return [
        word for name, value in options.items() for word in (flags[name], *([] if isinstance(value, bool) else [value]))
    ]


def invoke(*words):
    return CliRunner().invoke(group, [str(word) for word in words])


def losses_in(events):
    return [value for event in events for name, value in event.items() if name.startswith("train_")]


@with_mpi
@pytest.mark.parametrize(
    ("task", "processes", "options"),
    [
        ("text", 3, {"dropout": 0.3, "num_layers": 2, "reset_probability": 0.2, "learn_initial_state": True}),
        ("label", 2, {"dropout": 0.2, "batch_size": 5, "seq_length": None, "symbol_dropout": 0.0}),
        ("pairs", 2, {"dropout": 0.2, "batch_size": 5, "seq_length": None}),
    ],
)
def test_processes_learn_what_one_learns_with_the_whole_batch(corpus, rows, runs, task, processes, options):
    source = corpus if task == "text" else rows
    options = {**SMALL, "task": task, "steps": 40, "checkpoints": runs, "plan": False, "preview": False, **options}
    options = {name: value for name, value in options.items() if value is not None}
    _, events = train(source, name="one", **{**dict.fromkeys(SMALL), **options})
    alone = losses_in([event.to_dict() for event in events if isinstance(event, StepDone)])
    code, events, err = train_in(processes, source, "--name", "many", *words_of(options))
    assert (code, err) == (0, "")
    together = losses_in([event for event in events if event["event"] == "step_done"])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


@with_mpi
@pytest.mark.parametrize("sync_every", [0, 4])
def test_a_killed_run_says_so_and_resumes_exactly(corpus, runs, sync_every):
    options = {**SMALL, "steps": 60, "eval_every": 20, "save_every": 8, "checkpoints": runs, "sync_every": sync_every}
    words = [corpus, *words_of(options)]
    code, _, err = train_in(2, *words, "--name", "whole")
    assert (code, err) == (0, "")
    with start(2, "-m", "charrnn", "train", *words, "--name", "killed", "--distributed", "--json") as launched:
        for line in launched.stdout:
            if json.loads(line).get("step") == 30:
                kill_rank(launched, 1)
                break
        rest, err = launched.communicate(timeout=100)
    assert launched.returncode
    assert '"finished"' not in rest
    assert [line for line in err.splitlines() if line.startswith("charrnn: ")] == [
        "charrnn: error: a process of the run has died, which ends all of them; --resume continues from the last save"
    ]
    code, events, err = train_in(2, "--resume", "--name", "killed", "--checkpoints", runs)
    assert (code, err) == (0, "")
    assert 0 < events[0]["resumed_from"] < 60
    assert (runs / "killed" / "last.safetensors").read_bytes() == (runs / "whole" / "last.safetensors").read_bytes()
    assert metrics(runs, "killed") == metrics(runs, "whole")


@with_mpi
def test_an_interrupted_run_is_saved_and_resumes_only_with_as_many_processes(corpus, runs):
    if is_open_mpi():
        pytest.skip("Open MPI's mpirun kills an interrupted run before it can save")
    options = {**SMALL, "steps": 10_000, "sync_every": 5, "checkpoints": runs}
    words = ["-m", "charrnn", "train", corpus, *words_of(options), "--distributed", "--json"]
    with start(2, *words) as launched:
        for line in launched.stdout:
            if json.loads(line).get("step") == 12:
                launched.send_signal(signal.SIGINT)
                break
        rest, err = launched.communicate(timeout=100)
    finished = json.loads(rest.splitlines()[-1])
    assert finished["reason"] == "interrupted"
    assert finished["step"] % 5 == 0
    assert "resume with: mpirun -n 2 charrnn train" in err
    code, _, err = train_in(3, "--resume", "--checkpoints", runs)
    assert code == 1
    [line] = err.splitlines()
    assert line.startswith("charrnn: error: processes must be 2, as before, to resume a run with sync_every, not 3: ")
    result = invoke("train", "--resume", "--checkpoints", runs)
    assert "processes must be 2" in result.output


@with_mpi
def test_a_synchronous_run_may_go_on_in_one_process_and_says_so(corpus, runs):
    options = {**SMALL, "steps": 20, "checkpoints": runs}
    code, _, err = train_in(2, corpus, *words_of(options))
    assert (code, err) == (0, "")
    job, events = train(resume=True, checkpoints=runs, steps=30)
    assert job.trainer.progress.step == 30
    assert any(note.startswith("processes were 2 and are 1 from here on") for note in events[0].notes)


@with_mpi
def test_an_error_ends_all_processes_with_one_line(corpus, runs):
    code, events, err = train_in(3, corpus, "--checkpoints", runs, "--batch-size", 2, "--steps", 5)
    assert (code, events) == (1, [])
    [line] = err.splitlines()
    assert line == (
        "charrnn: error: batch_size must be at least the number of processes, 3, not 2: raise it, or start fewer "
        "processes"
    )
    assert not runs.exists()


@with_mpi
def test_a_model_that_counts_is_refused(corpus, runs):
    code, _, err = train_in(2, corpus, "--checkpoints", runs, "--model", "ngram")
    assert code == 1
    assert err.splitlines() == [
        "charrnn: error: model ngram counts the text and has no batches to share: leave --distributed out"
    ]


@with_mpi
def test_the_plan_counts_all_processes(corpus, runs):
    code, events, err = train_in(2, corpus, "--checkpoints", runs, "--minutes", 0.05, "--hidden-size", 16)
    assert (code, err) == (0, "")
    assert events[0]["chosen"]["steps"] > 1
    assert events[-1]["reason"] in ("steps", "minutes", "patience")


def test_without_mpi4py_the_command_says_how_to_install_it(corpus, runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    result = invoke("train", corpus, "--distributed", "--checkpoints", runs)
    assert "install them with pip install 'charrnn-cpu[mpi]'" in result.output


def test_local_steps_need_several_processes(corpus, runs):
    result = invoke("train", corpus, "--sync-every", "5", "--checkpoints", runs)
    assert "sync_every must be 0 in a single process, not 5" in result.output
    assert not runs.exists()
