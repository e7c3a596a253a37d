"""Train, kill, resume and sample in parallel for a long time: no error, no leftover file, no growth of memory.

``python -m endurance.soak 30`` in ``tests`` does so for 30 minutes.
"""

import argparse
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from charrnn.storage.run import Run
from endurance.runs import command, start, strange_files, write_text

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
GROWTH = 1.2
"""Largest memory of a late session, as a multiple of an early one's."""


def memory(process):
    """Resident bytes of a running process; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def sample(run):
    """Draw a text; returns the largest memory that was seen meanwhile."""
    words = command("sample", run.last, "--length", 50, "--threads", 1)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    resident = 0
    while process.poll() is None:  # so little is written that the pipes hold it
        resident = max(resident, memory(process))
        time.sleep(0.02)
    text, errors = process.communicate()
    assert process.returncode == 0, f"sampling failed: {errors}"
    assert len(text) >= 50
    return resident


def session(run, text, dice, seconds):
    """Train for so long, while samples are drawn, and end by a signal; returns memory, that of samplers, the signal."""
    process = start(text, run.folder.parent, "--steps", 10**7, "--eval-every", 50, "--save-every", 5, "--keep", 2)
    ends, samples, resident = time.monotonic() + seconds, list[int](), 0
    while time.monotonic() < ends:
        assert process.poll() is None, process.communicate()[1]
        if run.last.exists():
            samples.append(sample(run))
        resident = memory(process)
        time.sleep(0.1)
    number = dice.choice(SIGNALS)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (-number, 128 + number), (process.returncode, errors)
    assert "error" not in errors
    return resident, samples, number


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=30.0)
    parser.add_argument("--shortest", type=float, default=8.0)
    parser.add_argument("--longest", type=float, default=25.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    dice, residents, samplers, step = random.Random(given.seed), list[int](), list[int](), 0
    with tempfile.TemporaryDirectory() as folder:
        text = write_text(Path(folder))
        run = Run(Path(folder) / "runs" / text.stem)
        ends = time.monotonic() + 60 * given.minutes
        while time.monotonic() < ends:
            resident, samples, number = session(run, text, dice, dice.uniform(given.shortest, given.longest))
            if not run.last.exists():
                print(f"a session of {number.name} before the first checkpoint", flush=True)
                continue
            Run.open(run.folder.parent, run.name).release()  # what the next start does
            strange = {name for name in strange_files(run) if not name.startswith("step-")}
            assert not strange, strange
            assert len(run.kept()) <= 4  # a kill may come before the oldest is removed
            done = max((at for at, _ in run.kept()), default=0)
            assert done >= step, "the run went back"
            step = done
            residents.append(resident)
            samplers.append(max(samples, default=0))
            print(
                f"session {len(residents):3}: {number.name}, {len(samples)} samples, step {step:,}, "
                f"{resident / 1e6:.0f} MB, samplers {samplers[-1] / 1e6:.0f} MB",
                flush=True,
            )
    print(f"{len(residents)} sessions, {step:,} steps")
    for name, seen in (("training", residents), ("sampling", samplers)):
        early, late = max(seen[:3]), max(seen[-3:])
        print(f"memory of {name}: {early / 1e6:.0f} MB early, {late / 1e6:.0f} MB late")
        assert late < GROWTH * early


if __name__ == "__main__":
    main()
