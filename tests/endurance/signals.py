"""Interrupt commands at random moments: each must end with exit code 130, or have ended, and say nothing of an error.

``python -m endurance.signals 1000`` in ``tests`` interrupts 1,000 times; with ``--cold``, kernels are compiled anew.
"""

import argparse
import collections
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from charrnn.storage.run import Run
from endurance.runs import OPTIONS, command, strange_files, write_text

SWEEP = """
corpus = "cats.txt"
name = "sweep"
[fixed]
steps = 2
hidden-size = 8
[grid]
rng-seed = [0, 1]
"""


def commands(folder):
    """Commands that are interrupted, and a run and a sweep that they need."""
    text, runs = write_text(folder), ("--checkpoints", folder / "runs")
    (folder / "sweep.toml").write_text(SWEEP)
    subprocess.run(command("train", text, *OPTIONS, "--steps", 5, "--quiet", *runs), check=True)
    subprocess.run(command("sweep", folder / "sweep.toml", "--quiet", *runs), check=True)
    listed = [
        ("sample", "cats", "--length", 3000),
        ("sample", "cats", "--length", 3000, "--json", "--state", folder / "state"),
        ("eval", "cats", text),
        ("eval", "cats", text, "--per-char", folder / "characters", "--overwrite"),
        ("sweep-table", "sweep"),
        ("gradients", "cats", text),
        ("info", "cats"),
        ("train", text, *OPTIONS, "--steps", 5, "--overwrite", "--name", "other"),
    ]
    return [command(*words, *runs) for words in listed]


def is_ready(process):
    """Whether a process handles SIGTERM, which Python itself does not: what comes before is Python's own start."""
    caught = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "SigCgt" in line)
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def interrupt(words, seconds, environment):
    """Interrupt a command so many seconds after its start; returns its exit code and what was on standard error."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(words, **pipes, env=environment, text=True)
    while process.poll() is None and not is_ready(process):
        time.sleep(0.0005)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    return process.returncode, errors


def check(folder, interrupts, *, seconds, cold=False, seed=0):
    """Interrupt all commands in turns; returns how often each exit code was seen.

    Raises:
        AssertionError: a command told of an error, crashed, or left something behind.
    """
    moments, seen, listed = random.Random(seed), collections.Counter(), commands(folder)
    for count in range(interrupts):
        words = listed[count % len(listed)]
        with tempfile.TemporaryDirectory() as cache:
            environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cold else {})
            code, errors = interrupt(words, moments.uniform(0, seconds), environment)
        assert code in (0, 128 + signal.SIGINT), f"{words}: exit code {code}, {errors}"
        assert "error" not in errors, f"{words}: {errors}"
        assert "Traceback" not in errors, f"{words}: {errors}"
        assert not list(folder.glob(".*.tmp")), words
        seen[code] += 1
    assert strange_files(Run(folder / "runs" / "cats")) == set()
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interrupts", type=int, nargs="?", default=1000)
    parser.add_argument("--seconds", type=float, default=1.5, help="longest time before the signal")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seen = check(Path(folder), given.interrupts, seconds=given.seconds, cold=given.cold, seed=given.seed)
    print(", ".join(f"exit code {code}: {count}" for code, count in sorted(seen.items())))


if __name__ == "__main__":
    main()
