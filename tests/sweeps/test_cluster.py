"""A scheduler and two workers, each a process of its own, on loopback."""

import json
import os
import signal
import subprocess
import sys

import pytest
from endurance.cluster import LoopbackCluster
from endurance.runs import command
from waiting import LONG, until

from charrnn.starting import open_job
from charrnn.storage.run import Run
from charrnn.sweeps.folder import SweepFolder

pytest.importorskip("dask", reason="Dask is an extra")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")

SPEC = """
corpus = "cats.txt"
[fixed]
hidden-size = 8
batch-size = 8
seq-length = 20
eval-every = 100
save-every = 20
steps = 600
[grid]
rng-seed = [0, 1]
"""


@pytest.fixture
def cluster():
    cluster = LoopbackCluster()
    yield cluster
    cluster.close()


def test_a_worker_that_is_killed_has_its_run_continued_elsewhere(cluster, tmp_path):
    (tmp_path / "cats.txt").write_text("the cat sat on the mat.\n" * 100)
    (tmp_path / "x.toml").write_text(SPEC)
    folder = SweepFolder(tmp_path / "runs" / "x")
    runs = [Run(folder.folder / f"rng-seed={seed}") for seed in (0, 1)]
    words = command(
        "sweep", tmp_path / "x.toml", "--checkpoints", tmp_path / "runs", "--dask", cluster.address, "--json"
    )
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: process.poll() is not None or all(run.last.is_file() for run in runs))
    assert process.poll() is None, process.communicate()
    cluster.kill_worker(0)
    stdout, stderr = process.communicate(timeout=LONG)
    assert (process.returncode, stderr) == (0, "")
    ended = [event for event in map(json.loads, stdout.splitlines()) if event["event"] == "run_ended"]
    assert sorted((event["run"], event["state"]) for event in ended) == [("rng-seed=0", "done"), ("rng-seed=1", "done")]
    for seed, run in enumerate(runs):
        text, options = str(tmp_path / "cats.txt"), {"hidden_size": 8, "batch_size": 8, "seq_length": 20, "steps": 600}
        whole = open_job([text], name=f"whole{seed}", checkpoints=tmp_path, rng_seed=seed, eval_every=100, **options)
        assert list(whole.events())
        assert run.last.read_bytes() == whole.run.last.read_bytes()


def sweep_at_work(tmp_path, where):
    """A sweep in a process group of its own, whose two runs have begun."""
    (tmp_path / "cats.txt").write_text("the cat sat on the mat.\n" * 100)
    (tmp_path / "x.toml").write_text(SPEC.replace("steps = 600", "steps = 1000000"))
    words = command("sweep", tmp_path / "x.toml", "--checkpoints", tmp_path, "--dask", where, "--jobs", 2, "--quiet")
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    folder = SweepFolder(tmp_path / "x")
    files = [folder.folder / f"rng-seed={seed}" / "last.safetensors" for seed in (0, 1)]
    until(lambda: process.poll() is not None or all(file.is_file() for file in files))
    assert process.poll() is None, process.communicate()
    return process, folder


def test_an_interrupt_of_all_processes_of_a_terminal_saves_the_runs_of_a_local_cluster(tmp_path):
    process, folder = sweep_at_work(tmp_path, "local")
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 130
    assert stderr.endswith(f"sweep-table x --checkpoints {tmp_path}\n")
    assert "Traceback" not in stderr
    assert "distributed" not in stderr
    assert set(folder.states(folder.plan()).values()) == {"cut"}


def test_a_cluster_without_workers_ends_an_interrupted_sweep(cluster, tmp_path):
    process, _ = sweep_at_work(tmp_path, cluster.address)
    for worker in (0, 1):
        cluster.kill_worker(worker)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 1
    *_, last = stderr.splitlines()
    assert last.startswith(f"charrnn: error: no worker is left on the Dask cluster at {cluster.address}: start one")
    assert "Traceback" not in stderr


def test_without_a_scheduler_one_line_says_so(tmp_path):
    (tmp_path / "cats.txt").write_text("the cat sat on the mat.\n" * 100)
    (tmp_path / "x.toml").write_text(SPEC)
    words = command("sweep", tmp_path / "x.toml", "--checkpoints", tmp_path, "--dask", "tcp://127.0.0.1:9")
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("charrnn: error: no Dask scheduler answers at tcp://127.0.0.1:9: ")
    assert result.stderr.count("\n") == 1
