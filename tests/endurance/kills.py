"""Kill a run with SIGKILL at random moments and resume it, until it is done: it must end as one never interrupted.

``python -m endurance.kills 100`` in ``tests`` kills 100 times.
"""

import argparse
import random
import subprocess
import tempfile
import time
from pathlib import Path

from charrnn.storage.run import Run
from endurance.runs import OPTIONS, SEED, command, outcome, start, strange_files, write_text

KEPT = ("--save-every", 1, "--keep", 1)
"""Options that a run resumed by its name alone must remember."""

FIRST_SAVE = 0.02
"""Seconds within which a run writes its first files."""


def train_under_kills(folder, text, steps, kills, seconds, seed):
    """Train a run to its end while it is killed up to so many times; returns how often it was.

    Where there are kills, it takes the place of an older run, the first kill comes in the middle of that, and it is
    resumed by its name alone every other time.

    Args:
        folder: for the checkpoints.
        text: to train on.
        steps: of the run.
        kills: at most.
        seconds: the shortest and the longest time that a process lives.
        seed: of the moments.
    """
    moments, done = random.Random(seed), 0
    run = Run(folder / text.stem)
    if kills:
        older = ("train", text, *OPTIONS, "--rng-seed", SEED + 1, "--steps", 3, "--checkpoints", folder, "--quiet")
        subprocess.run(command(*older), check=True)
    while True:
        process = start(text, folder, "--steps", steps, "--eval-every", 50, *KEPT, by_name=done % 2 == 0)
        try:
            if kills and not done:
                wait_for(process, run.new.folder)
                seconds_left = moments.uniform(0, FIRST_SAVE)
            else:
                seconds_left = moments.uniform(*seconds)
            _, errors = process.communicate(timeout=seconds_left if done < kills else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            done += 1
            continue
        if process.returncode != 0:
            raise AssertionError(f"after {done} kills: exit code {process.returncode}, {errors}")
        return done


def wait_for(process, path):
    """Wait until a process has made a file or folder, or ended."""
    while process.poll() is None and not path.exists():
        time.sleep(0.0005)


def check(folder, kills, *, steps, seconds, seed=0):
    """Runs under kills until there were enough of them; returns how many runs that took.

    Raises:
        AssertionError: one of them did not end as the run that was never killed.
    """
    text = write_text(folder)
    train_under_kills(folder / "whole", text, steps, 0, seconds, seed)
    wanted = outcome(Run(folder / "whole" / text.stem))
    done = runs = 0
    while done < kills:
        checkpoints = folder / f"killed{runs}"
        done += train_under_kills(checkpoints, text, steps, kills - done, seconds, seed + runs)
        run = Run(checkpoints / text.stem)
        for file, got, whole in zip(("last", "best", "metrics"), outcome(run), wanted, strict=True):
            assert got == whole, f"{file} of run {runs} ended otherwise"
        assert {name for name in strange_files(run) if not name.startswith("step-")} == set(), strange_files(run)
        assert len(run.kept()) == 2, run.kept()
        runs += 1
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--shortest", type=float, default=1.0)
    parser.add_argument("--longest", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        runs = check(
            Path(folder), given.kills, steps=given.steps, seconds=(given.shortest, given.longest), seed=given.seed
        )
    print(f"{given.kills} kills, {runs} runs, all byte-identical to the whole one, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
