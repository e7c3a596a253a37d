"""Runs an hour of a sweep, by how many run at once on how many threads, and what a sweep costs beside bare trainings.

The same runs are trained in each way, in turns, each time in fresh processes and a fresh folder: by ``charrnn train``,
one after the other on one thread; and by ``charrnn sweep``. The time is that of the clock on the wall, from start to
end; so that the cores must be free. Processor time is that of all processes together. A sweep of ten thousand runs is
listed, too.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import number, table
from charrnn.workers import available_threads

BARE = "train, 1 thread"
ONE = "sweep --jobs 1 --threads 1"

MANY = {
    "hidden-size": range(16, 176, 16),
    "batch-size": range(8, 88, 8),
    "seq-length": range(10, 110, 10),
    "rng-seed": range(10),
}
"""A grid of ten thousand runs."""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("sweep", __doc__ or "")
    parser.add_argument("text", type=Path, metavar="TEXT", help="the text to train on")
    parser.add_argument("--runs", type=int, default=6, help="in each turn (%(default)s)")
    parser.add_argument("--steps", type=int, default=2000, help="of each run (%(default)s)")
    parser.add_argument("--hidden-size", type=int, default=128, help="of each run (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way (%(default)s)")
    return parser


def ways(cores: int) -> dict[str, list[str]]:
    """The options of ``charrnn sweep`` by the names of the ways; none for bare trainings."""
    found: dict[str, list[str]] = {BARE: [], ONE: ["--jobs", "1", "--threads", "1"]}
    if cores > 1:
        found[f"sweep --jobs {cores}"] = ["--jobs", str(cores)]
        found[f"sweep --jobs 1 --threads {cores}"] = ["--jobs", "1", "--threads", str(cores)]
    return found


def take_turn(sweep_options: list[str], choices: argparse.Namespace) -> dict[str, float]:
    """Train all runs in one way: seconds on the wall and of the processors."""
    fixed = {"steps": choices.steps, "hidden-size": choices.hidden_size}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if sweep_options:
            spec = write_spec(folder, choices.text, fixed, {"rng-seed": range(choices.runs)})
            words = [["sweep", spec, *sweep_options]]
        else:
            given = [f"--{key}={value}" for key, value in fixed.items()]
            train = ["train", str(choices.text), "--threads=1", *given]
            words = [[*train, f"--rng-seed={seed}", f"--name={seed}"] for seed in range(choices.runs)]
        return _timed([[*one, "--checkpoints", str(folder / "runs")] for one in words])


def list_many(choices: argparse.Namespace) -> dict[str, float]:
    """List a sweep of ten thousand runs: seconds on the wall and of the processors."""
    with tempfile.TemporaryDirectory() as name:
        spec = write_spec(Path(name), choices.text, {"steps": choices.steps}, MANY)
        return _timed([["sweep", spec, "--dry-run", "--checkpoints", str(Path(name, "runs"))]])


def write_spec(folder: Path, text: Path, fixed: Mapping[str, int], grid: Mapping[str, Iterable[int]]) -> str:
    """A sweep's file."""
    lines = [f"corpus = '{text.resolve()}'", "[fixed]", *(f"{key} = {value}" for key, value in fixed.items())]
    lines += ["[grid]", *(f"{key} = {list(values)}" for key, values in grid.items())]
    path = folder / "speed.toml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def _timed(commands: Iterable[list[str]]) -> dict[str, float]:
    """Run one after the other."""
    began, used = time.monotonic(), os.times()
    for words in commands:
        _run(words)
    now = os.times()
    return {
        "seconds": time.monotonic() - began,
        "processor_seconds": now.children_user + now.children_system - used.children_user - used.children_system,
    }


def _run(words: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "charrnn", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BenchmarkError(f"charrnn {words[0]} ended with {result.returncode}: {result.stderr.strip()}")


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    if choices.quick:
        choices.runs, choices.steps, choices.hidden_size, choices.rounds = 1, 2, 8, 1
    known = ways(available_threads())
    found: dict[str, list[dict[str, float]]] = {way: [] for way in known}
    for sweep_options in () if choices.quick else known.values():  # so that kernels are compiled before
        take_turn(sweep_options, argparse.Namespace(**{**vars(choices), "runs": 1, "steps": 1}))
    for turn in range(choices.rounds):
        for way, sweep_options in known.items():
            command.say(f"round {turn + 1}: {way}")
            found[way].append(take_turn(sweep_options, choices))
    rows = []
    for way, turns in found.items():
        seconds = statistics.median(turn["seconds"] for turn in turns)
        ratios = [other["seconds"] / turn["seconds"] for other, turn in zip(found[ONE], turns, strict=True)]
        rows.append(
            [
                way,
                number(seconds),
                number(3600 * choices.runs / seconds),
                number(statistics.median(turn["processor_seconds"] for turn in turns) / choices.runs),
                f"{statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f})",
            ]
        )
    heads = ["way", "seconds", "runs an hour", "processor seconds a run", f"runs an hour over {ONE}"]
    said = f"{choices.runs} runs of {choices.steps} steps, H {choices.hidden_size}; median of {choices.rounds} turns"
    overheads = [
        100 * (one["seconds"] / bare["seconds"] - 1) for one, bare in zip(found[ONE], found[BARE], strict=True)
    ]
    listed = list_many(choices)
    said += f"; {ONE} takes {_percent(overheads)} longer than {BARE}"
    many = f"10,000 runs listed in {listed['seconds']:.2f} s, {listed['processor_seconds']:.2f} s of processor time"
    report: dict[str, Any] = {
        "results": [{"way": way, "rounds": turns} for way, turns in found.items()],
        "overheads_percent": overheads,
        "listing_10000": listed,
    }
    return report, f"{said}\n\n{table(heads, rows)}\n\n{many}"


def _percent(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} % ({min(values):.1f}-{max(values):.1f})"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("sweep", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
