"""Train on a text of gigabytes: how long until the first step, the first time and the next, and the peak of memory.

``python -m endurance.large 2`` in ``tests`` takes a text of 2 GB; ``--epochs 1`` trains on all of it and validates.
``--first 200 --next 20`` allow for a busy machine. Options that it does not know go to ``charrnn train``. Kernels are
compiled before anything is measured. It needs room for the text twice, and Linux or macOS.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from endurance.runs import command, write_text

PIECE = 1 << 20
MOST_MEMORY = 1e9


def write_large_text(path, size):
    """A text of words that no two places have alike, of so many bytes."""
    dice = random.Random(0)
    words = ["".join(dice.choices("etaoinshrdlu", k=dice.randint(1, 9))) for _ in range(5000)]
    with path.open("w") as file:
        while (left := size - file.tell()) > 0:
            file.write((" ".join(dice.choices(words, k=PIECE // 5)) + "\n")[:left])


def session(arguments, *, to_the_end):
    """Train until the first step is done, or to the end; returns seconds until then and in all, and the peak of memory.

    Raises:
        AssertionError: it ended with an error.
    """
    began = time.monotonic()
    process = subprocess.Popen(command("train", *arguments, "--json"), stdout=subprocess.PIPE)
    assert process.stdout
    first = None
    for line in process.stdout:
        if first is None and json.loads(line)["event"] == "step_done":
            first = time.monotonic() - began
            if not to_the_end:
                process.send_signal(signal.SIGINT)
    assert first is not None, "it did no step"
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == (0 if to_the_end else 130), process.returncode
    return first, time.monotonic() - began, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gigabytes", type=float, nargs="?", default=2.0)
    parser.add_argument("--epochs", type=float, default=0.0)
    parser.add_argument("--first", type=float, default=60.0, help="most seconds until the first step, the first time")
    parser.add_argument("--next", type=float, default=3.0, help="and the next time")
    parser.add_argument("--folder", type=Path, help="where there is room; the system's for temporary files by itself")
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        session((write_text(folder), *options, "--steps", 1, "--checkpoints", folder / "warm"), to_the_end=True)
        text = folder / "large.txt"
        write_large_text(text, int(given.gigabytes * 1e9))
        print(f"a text of {text.stat().st_size:,} bytes", flush=True)
        sessions = [
            ("first time", given.first, options),
            ("next time", given.next, ("--resume",)),
        ]
        if given.epochs:
            to_all = ("--resume", "--epochs", given.epochs)
            sessions.append((f"to the end, {given.epochs:g} epochs", given.next, to_all))
        for title, most_seconds, extra in sessions:
            to_the_end = "--epochs" in extra
            first, whole, memory = session((text, *extra, "--checkpoints", folder), to_the_end=to_the_end)
            print(
                f"{title}: {first:.1f} s until the first step, {whole:.0f} s in all, peak memory {memory / 1e6:.0f} MB",
                flush=True,
            )
            assert memory < MOST_MEMORY
            assert first < most_seconds


if __name__ == "__main__":
    main()
