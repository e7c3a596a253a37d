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
from endurance.runs import outcome, start, strange_files, write_text


def train_under_kills(folder: Path, text: Path, steps: int, kills: int, seconds: tuple[float, float], seed: int) -> int:
    """Train a run to its end while it is killed up to so many times; returns how often it was.

    Args:
        folder: for the checkpoints.
        text: to train on.
        steps: of the run.
        kills: at most.
        seconds: the shortest and the longest time that a process lives.
        seed: of the moments.
    """
    moments, done = random.Random(seed), 0
    while True:
        process = start(text, folder, "--steps", steps, "--eval-every", 50, "--save-every", 1)
        try:
            _, errors = process.communicate(timeout=moments.uniform(*seconds) if done < kills else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            done += 1
            continue
        if process.returncode != 0:
            raise AssertionError(f"after {done} kills: exit code {process.returncode}, {errors}")
        return done


def check(folder: Path, kills: int, *, steps: int, seconds: tuple[float, float], seed: int = 0) -> int:
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
        assert not strange_files(run), strange_files(run)
        runs += 1
    return runs


def main() -> None:
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
