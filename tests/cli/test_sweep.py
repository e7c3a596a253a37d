import json
import re
import signal
import subprocess
import sys

import pytest
from endurance.runs import outcome
from endurance.sweeps import kill_all, kill_only, results
from endurance.sweeps import start as start_sweep
from waiting import LONG, until

from charrnn.storage.metrics import read_metrics
from charrnn.storage.run import Run
from charrnn.sweeps.folder import SweepFolder

FIXED = "[fixed]\nhidden-size = 8\nbatch-size = 8\nseq-length = 20\nthreads = 1\n"
SMALL = ("--hidden-size", "8", "--batch-size", "8", "--seq-length", "20", "--threads", "1")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")


@pytest.fixture
def spec(text, tmp_path):
    """Write a spec of "sizes" that trains on cats.txt."""

    def write(more):
        path = tmp_path / "sizes.toml"
        path.write_text(f'corpus = "{text.name}"\n{FIXED}{more}')
        return path

    return write


@pytest.fixture
def sweep(invoke, tmp_path):
    return lambda path, *options: invoke("sweep", path, "--checkpoints", tmp_path / "runs", *options)


@pytest.fixture
def folder(tmp_path):
    return SweepFolder(tmp_path / "runs" / "sizes")


def test_a_failing_run_stops_nobody_and_is_tried_again_when_asked(sweep, spec, folder, invoke, text, tmp_path):
    (tmp_path / "dogs.txt").write_text("d")
    path = spec('steps = 4\n[[run]]\ncorpus = "dogs.txt"\n[grid]\nrng-seed = [0, 1]\n')
    result = sweep(path, "--jobs", 2)
    assert result.exit_code == 1
    header, *runs, following, last = result.stderr.splitlines()
    assert header == f"sweep: {folder.folder}, 3 runs, 3 to train"
    failed, first, second = sorted(runs)
    assert failed.startswith("corpus=dogs  failed: a corpus needs at least two characters")
    assert re.fullmatch(r"rng-seed=0  done: \d\.\d{3} bpc, 4 steps, \d+:\d\d", first)
    assert second.startswith("rng-seed=1  done: ")
    assert last == "charrnn: error: 1 run failed: try again with --retry-failed, once the cause is gone"
    title, seeds, dogs = result.stdout.splitlines()
    assert (title.split()[:4], seeds.split()[:2]) == (["run", "corpus", "best", "bpc"], ["any", "seed"])
    assert dogs.split() == ["corpus=dogs", "dogs", "-", "-", "1", "-", "-", "-", "failed"]
    checkpoints = ("--checkpoints", folder.folder.parent)
    sampled = re.fullmatch(
        rf"next:  charrnn (sample sizes/rng-seed=\d --checkpoints {folder.folder.parent})", following
    )
    assert invoke(*sampled[1].split(), "--length", 5).exit_code == 0
    for command in (("info",), ("eval", text), ("sample", "--length", 5)):
        result = invoke(command[0], "sizes/rng-seed=1", *command[1:], *checkpoints)
        assert result.exit_code == 0, result.stderr

    (tmp_path / "dogs.txt").write_text("the dog sat on the mat" * 50)
    before = Run(folder.folder / "rng-seed=0").last.stat().st_mtime_ns
    assert "3 runs, 0 to train, 1 run failed before (--retry-failed)" in sweep(path).stderr
    result = sweep(path, "--retry-failed", "--json")
    started, *evaluated, ended, all_ended = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 0
    assert (started["event"], started["to_train"]) == ("sweep_started", 1)
    assert {(event["event"], event["run"]) for event in evaluated} == {("run_evaluated", "corpus=dogs")}
    assert (ended["event"], ended["state"], ended["progress"]) == ("run_ended", "done", 1.0)
    assert all_ended == {"event": "sweep_ended", "done": 3, "failed": 0, "pruned": 0, "interrupted": False}
    assert Run(folder.folder / "rng-seed=0").last.stat().st_mtime_ns == before
    result = sweep(path, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    result = invoke("train", "--resume", "--name", "sizes/rng-seed=1", "--steps", 5, "--threads", 1, *checkpoints)
    assert result.exit_code == 0, result.stderr
    assert [record["step"] for record in read_metrics(Run(folder.folder / "rng-seed=1").metrics)] == [4, 5]


def test_an_interrupt_saves_all_and_meanwhile_no_other_sweep_starts(sweep, spec, folder, start, tmp_path):
    path = spec("steps = 1000000\neval-every = 5\n[grid]\nrng-seed = [0, 1, 2]\n")
    options = ("--checkpoints", tmp_path / "runs", "--jobs", 2)
    process = start("sweep", path, *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begun = [folder.folder / f"rng-seed={seed}" for seed in (0, 1)]
    until(lambda: all(Run(run).last.is_file() for run in begun))
    result = sweep(path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"charrnn: error: the sweep {folder.folder} is in use by another process")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 130
    assert sorted(re.findall(r"^(.*)  saved at: ", stderr, re.MULTILINE)) == ["rng-seed=0", "rng-seed=1"]
    assert stderr.endswith(f"charrnn sweep-table sizes --checkpoints {tmp_path / 'runs'}\n")
    assert "Traceback" not in stderr
    assert folder.states(folder.plan()) == {"rng-seed=0": "cut", "rng-seed=1": "cut", "rng-seed=2": "waiting"}


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_killed_and_started_again_equals_left_alone(sweep, spec, folder, train, tmp_path):
    path = spec("steps = 300\neval-every = 50\nsave-every = 5\n[grid]\nrng-seed = [0, 1]\n")
    runs = [Run(folder.folder / f"rng-seed={seed}") for seed in (0, 1)]
    for run, kill in zip(runs, (kill_all, kill_only), strict=True):
        process = start_sweep(path, tmp_path / "runs")
        until(run.last.is_file)
        kill(process)
    assert sweep(path).exit_code == 0
    for seed, run in enumerate(runs):
        train("--steps", 300, "--eval-every", 50, "--rng-seed", seed, "--name", f"whole{seed}")
        assert outcome(run) == outcome(Run(tmp_path / "runs" / f"whole{seed}"))


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_a_search_that_is_killed_ends_as_one_that_was_not(sweep, spec, folder, invoke, tmp_path):
    pytest.importorskip("optuna", reason="Optuna is an extra")
    search = "[optuna]\ntrials = 2\npruner = 'NopPruner'\nlearning-rate = {min = 0.001, max = 0.1, log = true}\n"
    path = spec(f"steps = 200\neval-every = 20\nsave-every = 5\n{search}")
    process = start_sweep(path, tmp_path / "runs")
    until(lambda: any(folder.folder.glob("trial=1,*/last.safetensors")))
    kill_all(process)
    assert sweep(path).exit_code == 0
    assert invoke("sweep", path, "--checkpoints", tmp_path / "whole").exit_code == 0
    assert results(folder) == results(SweepFolder(tmp_path / "whole" / "sizes"))
    assert len(folder.plan()) == 2


def test_a_poor_trial_is_saved_and_ended_early(sweep, spec, folder, invoke):
    pytest.importorskip("optuna", reason="Optuna is an extra")
    path = spec(
        "steps = 100000\neval-every = 500\n[grid]\nsteps = [2]\n"
        "[optuna]\ntrials = 1\npruner = {name = 'ThresholdPruner', upper = 1e-9}\n"
        "learning-rate = {min = 0.001, max = 0.1}\n"
    )
    result = sweep(path, "--json")
    *_, ended, all_ended = map(json.loads, result.stdout.splitlines())
    assert (ended["state"], ended["progress"]) == ("pruned", 1.0)
    assert 5000 <= ended["steps"] < 100000
    assert all_ended == {"event": "sweep_ended", "done": 1, "failed": 0, "pruned": 1, "interrupted": False}
    [trial] = folder.folder.glob("trial=0,*")
    assert invoke("info", trial).exit_code == 0
    saved = Run(trial).last.stat().st_mtime_ns
    assert "2 runs, 0 to train" in sweep(path).stderr
    listed = sweep(path, "--dry-run")
    assert "2 runs, 0 to train: an estimated 0:00" in listed.stderr
    path.write_text(path.read_text().replace("trials = 1", "trials = 3"))
    assert "2 runs, 0 to train, and 2 trials of [optuna]: an estimated " in sweep(path, "--dry-run").stderr
    path.write_text(path.read_text().replace("trials = 3", "trials = 1"))
    assert Run(trial).last.stat().st_mtime_ns == saved
    _, *rows = invoke("sweep-table", "sizes", "--checkpoints", folder.folder.parent).stdout.splitlines()
    assert sorted(row.split()[-1] for row in rows) == ["done", "pruned"]


def test_a_dry_run_lists_and_trains_nothing(sweep, spec, tmp_path):
    path = spec("minutes = 3\n[grid]\nrng-seed = [0, 1]\n[[run]]\nminutes = 0\nsteps = 9\n")
    result = sweep(path, "--dry-run", "--jobs", 2)
    heading, *rows = [line.split() for line in result.stdout.splitlines()]
    assert heading == ["run", "state", "trains", "for", "about"]
    assert rows[:2] == [[f"rng-seed={seed}", "waiting", "3", "minutes", "3:02"] for seed in (0, 1)]
    assert rows[2][:-1] == ["minutes=0,steps=9", "waiting", "9", "steps"]
    assert re.search(r"^3 runs, 3 to train: an estimated 3:0\d with --jobs 2\n$", result.stderr, re.MULTILINE)
    first, *_ = map(json.loads, sweep(path, "--dry-run", "--json").stdout.splitlines())
    assert (first["run"], first["state"], first["options"]["minutes"]) == ("rng-seed=0", "waiting", 3)
    assert first["seconds"] == pytest.approx(181.5)
    assert not (tmp_path / "runs").exists()


def test_variables_set_what_the_file_does_not(sweep, spec, monkeypatch):
    monkeypatch.setenv("CHARRNN_TRAIN_STEPS", "7")
    monkeypatch.setenv("CHARRNN_HIDDEN_SIZE", "16")
    monkeypatch.setenv("CHARRNN_BYTES", "1")
    monkeypatch.setenv("CHARRNN_THREADS", "2")
    path = spec("[grid]\nrng-seed = [0]\n")
    run = json.loads(sweep(path, "--dry-run", "--json").stdout)
    sizes = {"hidden-size": 8, "batch-size": 8, "seq-length": 20, "threads": 1, "rng-seed": 0}
    assert run["options"] == {**sizes, "steps": 7, "bytes": True}


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CHARRNN_STEPS", "abc", "'abc' is not a valid integer."),
        ("CHARRNN_TRAIN_EPOCHS", "many", "'many' is not a valid float."),
        ("CHARRNN_STEPS", "-1", "steps must be a whole number of at least 0, not -1"),
        ("CHARRNN_BYTES", "perhaps", "'perhaps' is not a valid boolean."),
        ("CHARRNN_OPTIMIZER", "lion", "'lion' is not one of "),
    ],
)
def test_a_variable_of_a_wrong_value_is_named_in_one_line(sweep, spec, monkeypatch, variable, value, message):
    monkeypatch.setenv(variable, value)
    result = sweep(spec("[grid]\nrng-seed = [0]\n"), "--dry-run")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith(f"charrnn: error: {variable}: {message}")


def test_a_wrong_spec_starts_nothing(sweep, spec, tmp_path):
    result = sweep(spec("[grid]\noptimizer = ['lion']\n"))
    assert result.exit_code == 1
    assert re.match(r"charrnn: error: .*sizes\.toml:8: unknown optimizer 'lion'", result.stderr)
    assert not (tmp_path / "runs").exists()


def test_a_retry_that_is_refused_forgets_no_failure(sweep, spec, folder, tmp_path):
    (tmp_path / "dogs.txt").write_text("d")
    runs = '[[run]]\ncorpus = "dogs.txt"\n[[run]]\nname = "cats"\nsteps = 1\nbatch-size = '
    assert sweep(spec(f"{runs}8\n")).exit_code == 1
    failures = folder.failures()
    assert failures.keys() == {"corpus=dogs"}
    result = sweep(spec(f"{runs}4\n"), "--retry-failed")
    assert "batch-size of 'cats' was 8 when it was begun and is now 4" in result.stderr
    assert folder.failures() == failures


def test_a_sweep_cannot_take_the_place_of_a_run(sweep, spec, train):
    train("--steps", 1, "--name", "sizes")
    result = sweep(spec("[grid]\nrng-seed = [0]\n"))
    assert result.exit_code == 1
    assert "is a run and cannot hold a sweep: give the sweep another name" in result.stderr


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_run_cannot_take_the_place_of_a_sweep(folder, train, more):
    folder.folder.mkdir(parents=True)
    folder.keep_plan([])
    before = sorted(folder.folder.iterdir())
    result = train("--steps", 1, "--name", "sizes", *more)
    assert result.exit_code == 1
    assert result.stderr.endswith(f"error: {folder.folder} is a sweep and cannot hold a run: choose another --name\n")
    assert sorted(folder.folder.iterdir()) == before


def test_runs_can_start_from_another_model(sweep, spec, folder, train, tmp_path):
    train("--steps", 2, "--name", "base")
    best = tmp_path / "runs" / "base" / "best.safetensors"
    best.rename(tmp_path / "copy.safetensors")
    more = "steps = 3\n[[run]]\ninit-from = 'base'\n[[run]]\ninit-from = 'copy.safetensors'\n"
    path = spec(more)
    assert sweep(path, "--quiet").exit_code == 0
    train("--init-from", "base", "--steps", 3, "--name", "whole")
    for run in folder.plan():
        assert folder.run(run).last.read_bytes() == Run(tmp_path / "runs" / "whole").last.read_bytes()
    path.write_text(path.read_text().replace("steps = 3", "steps = 4"))  # goes on from its own weights
    assert sweep(path, "--quiet").exit_code == 0
    assert set(folder.states(folder.plan()).values()) == {"done"}
    for wrong, message in (
        ("init-from = 'nobody'", "no run or checkpoint 'nobody'"),
        ("init-from = 3", "init-from must be a run or a path, not 3"),
        ("init-from = 'base'\nhidden-size = 16", "hidden_size is 8 in this run and cannot become 16"),
        ("init-from = 'base'\nhidden-size = 8\nsteps = -1", "steps must be a whole number of at least 0"),
    ):
        result = sweep(spec(f"[[run]]\n{wrong}\n"), "--dry-run")
        assert result.exit_code == 1
        assert re.match(rf"charrnn: error: .*sizes\.toml:\d+: {re.escape(message)}", result.stderr)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_terminal_may_be_as_narrow_as_it_likes(spec, on_a_terminal, tmp_path, columns):
    path = spec("steps = 4\neval-every = 2\n[[run]]\nname = '漢字かな交じり文'\n")
    exit_code, shown = on_a_terminal(columns, "sweep", path, "--checkpoints", tmp_path / "runs")
    assert exit_code == 0
    assert "漢字かな交じり文  done: " in shown


def test_a_terminal_shows_a_bar_over_all_that_fits(spec, on_a_terminal, tmp_path):
    path = spec("steps = 40\neval-every = 10\n[grid]\nrng-seed = [0]\n")
    exit_code, shown = on_a_terminal(50, "sweep", path, "--checkpoints", tmp_path / "runs")
    assert exit_code == 0
    lines = re.split(r"[\r\n]+", shown)
    bars = [line.replace("\x1b[A", "") for line in lines if re.match(r" *\d+% ", line)]
    assert bars[-1].startswith("100%")
    assert max(map(len, bars)) <= 50
    assert sum(line.startswith("rng-seed=0  done: ") for line in lines) == 1


def test_the_runs_of_a_sweep_can_be_mixed_at_its_end(sweep, invoke, tmp_path):
    path = tmp_path / "sizes.toml"
    text = "the cat sat on the mat, and the dog sat on the log; who saw it?\n" * 40
    (tmp_path / "cat.txt").write_text(text)
    network = "hidden-size = 12\nbatch-size = 4\nseq-length = 20\nsteps = 150\n"
    path.write_text(f'corpus = "cat.txt"\n[[run]]\n{network}[[run]]\nmodel = "ngram"\norder = 2\n')
    result = sweep(path, "--mix", "together")
    assert result.exit_code == 0, result.output
    assert re.search(r"^sizes/\S*model=ngram\S* +\d\.\d{4}", result.stdout, re.MULTILINE), result.stdout
    assert re.search(r"^mixture +\d\.\d{4}", result.stdout, re.MULTILINE)
    scored = invoke("eval", "together", tmp_path / "cat.txt", "--checkpoints", tmp_path / "runs")
    assert scored.exit_code == 0, scored.output
    refused = sweep(path, "--mix", "together")
    assert refused.exit_code == 1
    assert "a run called 'together' exists already" in refused.stderr
