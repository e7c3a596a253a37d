"""Kill a sweep and all its runs with SIGKILL at random moments and start it again, until it is done: it must end as one
that was never killed.

``python -m endurance.sweeps SPEC.toml 5`` in ``tests`` kills 5 times. Only on Linux, whose /proc tells a process's
children.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.table import rows_of
from endurance.runs import command, outcome

TIMES = {"minutes", "chars_per_second"}


def start(spec: Path, checkpoints: Path, *options: object) -> subprocess.Popen:
    words = command("sweep", spec, "--checkpoints", checkpoints, "--quiet", *options)
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


def children(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def kill_all(process: subprocess.Popen) -> None:
    """Kill a sweep and its runs."""
    process.send_signal(signal.SIGSTOP)  # so that it starts no other meanwhile
    runs = children(process.pid)
    process.kill()
    for pid in runs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def sweep_under_kills(
    spec: Path, checkpoints: Path, kills: int, seconds: tuple[float, float], *options: object, seed: int = 0
) -> int:
    """Run a sweep to its end while it is killed up to so many times; returns how often it was.

    Args:
        spec: of the sweep.
        checkpoints: folder of the sweep's folder.
        kills: at most.
        seconds: the shortest and the longest time that a sweep lives.
        options: of the command.
        seed: of the moments.
    """
    moments, done = random.Random(seed), 0
    while True:
        process = start(spec, checkpoints, *options)
        try:
            _, errors = process.communicate(timeout=moments.uniform(*seconds) if done < kills else None)
        except subprocess.TimeoutExpired:
            kill_all(process)
            done += 1
            continue
        if process.returncode != 0:
            raise AssertionError(f"after {done} kills: exit code {process.returncode}, {errors}")
        return done


def results(folder: SweepFolder) -> dict[str, tuple[object, ...]]:
    """Of each run its row of the table without the times, and what its files hold."""
    rows = {
        row.run: {name: cell for name, cell in row.to_dict().items() if name not in TIMES} for row in rows_of(folder)
    }
    return {run.name: (rows[run.name], *outcome(folder.run(run))) for run in folder.plan()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", type=Path)
    parser.add_argument("kills", type=int, nargs="?", default=5)
    parser.add_argument("--shortest", type=float, default=5.0)
    parser.add_argument("--longest", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        whole, killed = Path(name, "whole"), Path(name, "killed")
        began = time.monotonic()
        sweep_under_kills(given.spec, whole, 0, (0, 0))
        halfway = time.monotonic()
        kills = sweep_under_kills(given.spec, killed, given.kills, (given.shortest, given.longest), seed=given.seed)
        ended = time.monotonic()
        [folder] = whole.iterdir()
        wanted, got = results(SweepFolder(folder)), results(SweepFolder(killed / folder.name))
        assert got == wanted, [run for run in wanted if got[run] != wanted[run]]
    print(
        f"{kills} kills, {len(wanted)} runs, all byte-identical to those of a sweep left alone; "
        f"{halfway - began:.0f} s alone, {ended - halfway:.0f} s under kills"
    )


if __name__ == "__main__":
    main()
