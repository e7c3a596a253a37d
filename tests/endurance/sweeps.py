"""Kill a sweep with SIGKILL at random moments and start it again, until it is done: it must end as one that was never
killed, and no run may lose what it has saved.

``python -m endurance.sweeps TEXT 5`` in ``tests`` kills 5 times the sweep and all its runs. With ``--dask``, the sweep
is sent to a cluster of a scheduler and two workers; the first kill is of a worker and its run, the next one of the
sweep alone, and so on. Only on Linux, whose /proc tells a process's children.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from charrnn.storage.checkpoint import load_header
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.table import rows_of
from endurance.runs import command, outcome

TIMES = {"minutes_taken", "chars_per_second"}

SPEC = """
name = "trial"
corpus = {text}
[fixed]
steps = {steps}
batch-size = 16
seq-length = 32
dropout = 0.1
eval-every = 100
save-every = 20
threads = 1
[grid]
hidden-size = [16, 32, 64]
cell = ["lstm", "gru"]
rng-seed = [0, 1, 2]
"""


def start(spec, checkpoints, *options):
    words = command("sweep", spec, "--checkpoints", checkpoints, "--quiet", *options)
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


def children(pid):
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def kill_all(process):
    """Kill a sweep and its runs."""
    process.send_signal(signal.SIGSTOP)  # so that it starts no other meanwhile
    runs = children(process.pid)
    process.kill()
    for pid in runs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def kill_only(process):
    """Kill a sweep, whose runs then save and stop by themselves, or go on on a cluster."""
    process.kill()
    process.communicate()


def sweep_under_kills(
    spec,
    checkpoints,
    kills,
    seconds,
    *options,
    kill=kill_all,
    seed=0,
):
    """Run a sweep to its end while it is killed up to so many times; returns how often it was.

    Args:
        spec: of the sweep.
        checkpoints: folder of the sweep's folder.
        kills: at most.
        seconds: the shortest and the longest time between two kills.
        options: of the command.
        kill: kills the sweep or a part of it; it is started again where that ended it.
        seed: of the moments.
    """
    moments, done = random.Random(seed), 0
    process = start(spec, checkpoints, *options)
    while True:
        try:
            _, errors = process.communicate(timeout=moments.uniform(*seconds) if done < kills else None)
        except subprocess.TimeoutExpired:
            kill(process)
            done += 1
            if process.returncode is not None:
                process = start(spec, checkpoints, *options)
            continue
        if process.returncode != 0:
            raise AssertionError(f"after {done} kills: exit code {process.returncode}, {errors}")
        return done


@contextlib.contextmanager
def nothing_saved_is_lost(folder):
    """See that meanwhile no run in a sweep's folder goes back behind a checkpoint."""
    ended, steps, lost = threading.Event(), dict[str, int](), list[str]()

    def look():
        while not ended.wait(0.1):
            for path in folder.glob("*/last.safetensors"):
                step = load_header(path)["progress"]["step"]
                if step < steps.get(path.parent.name, 0):
                    lost.append(f"{path.parent.name} went back from {steps[path.parent.name]} to {step}")
                steps[path.parent.name] = step

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert steps, "no run was seen"
    assert not lost, lost


def results(folder):
    """Of each run its row of the table without the times, and what its files hold."""
    rows = {
        row.run: {name: cell for name, cell in row.to_dict().items() if name not in TIMES} for row in rows_of(folder)
    }
    return {run.name: (rows[run.name], *outcome(folder.run(run))) for run in folder.plan()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("kills", type=int, nargs="?", default=5)
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--shortest", type=float, default=5.0)
    parser.add_argument("--longest", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        spec, whole, killed = (Path(name, part) for part in ("trial.toml", "whole", "killed"))
        spec.write_text(SPEC.format(text=json.dumps(str(given.text.resolve())), steps=given.steps))
        options, kill = ("--jobs", "2"), kill_all
        if given.dask:
            from endurance.cluster import LoopbackCluster

            cluster = stack.enter_context(contextlib.closing(LoopbackCluster()))
            options, turns = ("--dask", cluster.address), itertools.count()

            def kill(process):
                turn = next(turns)
                kill_only(process) if turn % 2 else cluster.replace_worker(turn // 2 % 2)

        began = time.monotonic()
        sweep_under_kills(spec, whole, 0, (0, 0), "--jobs", "2")
        halfway = time.monotonic()
        with nothing_saved_is_lost(killed / "trial"):
            seconds = given.shortest, given.longest
            kills = sweep_under_kills(spec, killed, given.kills, seconds, *options, kill=kill, seed=given.seed)
        ended = time.monotonic()
        assert kills == given.kills, f"{kills} kills only: give a shorter --longest, or more --steps"
        wanted, got = (results(SweepFolder(folder / "trial")) for folder in (whole, killed))
        assert got == wanted, [run for run in wanted if got[run] != wanted[run]]
    print(
        f"{kills} kills, {len(wanted)} runs, all byte-identical to those of a sweep left alone; "
        f"{halfway - began:.0f} s alone, {ended - halfway:.0f} s under kills"
    )


if __name__ == "__main__":
    main()
