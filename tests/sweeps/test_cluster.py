"""A scheduler and two workers, each a process of its own, on loopback."""

import json
import subprocess
import sys
import time

import pytest
from endurance.cluster import LoopbackCluster
from endurance.runs import command

from charrnn.job import open_job
from charrnn.storage.run import Run
from charrnn.sweeps.folder import SweepFolder

pytest.importorskip("distributed", reason="Dask is an extra")
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
    while not all(run.last.is_file() for run in runs):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    cluster.kill_worker(0)
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (0, "")
    ended = [event for event in map(json.loads, stdout.splitlines()) if event["event"] == "run_ended"]
    assert sorted((event["run"], event["state"]) for event in ended) == [("rng-seed=0", "done"), ("rng-seed=1", "done")]
    for seed, run in enumerate(runs):
        text, options = str(tmp_path / "cats.txt"), {"hidden_size": 8, "batch_size": 8, "seq_length": 20, "steps": 600}
        whole = open_job([text], name=f"whole{seed}", checkpoints=tmp_path, rng_seed=seed, eval_every=100, **options)
        assert list(whole.events())
        assert run.last.read_bytes() == whole.run.last.read_bytes()


def test_without_a_scheduler_one_line_says_so(tmp_path):
    (tmp_path / "cats.txt").write_text("the cat sat on the mat.\n" * 100)
    (tmp_path / "x.toml").write_text(SPEC)
    words = command("sweep", tmp_path / "x.toml", "--checkpoints", tmp_path, "--dask", "tcp://127.0.0.1:9")
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("charrnn: error: no Dask scheduler answers at tcp://127.0.0.1:9: ")
    assert result.stderr.count("\n") == 1
