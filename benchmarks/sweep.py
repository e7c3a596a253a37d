"""Runs an hour of a sweep, by how many run at once on how many threads, and what a sweep costs beside bare trainings.

The same runs are trained in each way, in turns, each time in fresh processes and a fresh folder: by ``charrnn train``,
one after the other on one thread; and by ``charrnn sweep``. The time is that of the clock on the wall, from start to
end; so that the cores must be free. Processor time is that of all processes together.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import number, table
from charrnn.model.workers import available_threads

BARE = "train, 1 thread"
ONE = "sweep --jobs 1 --threads 1"

OPTIONS = {"eval-every": 1_000_000}


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
    fixed = {"steps": choices.steps, "hidden-size": choices.hidden_size, **OPTIONS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if sweep_options:
            spec = folder / "speed.toml"
            lines = [f"corpus = '{choices.text.resolve()}'", "[fixed]", *(f"{key} = {fixed[key]}" for key in fixed)]
            spec.write_text("\n".join([*lines, "[grid]", f"rng-seed = {list(range(choices.runs))}\n"]))
            words = [["sweep", str(spec), *sweep_options]]
        else:
            given = [f"--{key}={value}" for key, value in fixed.items()]
            train = ["train", str(choices.text), "--threads=1", *given]
            words = [[*train, f"--rng-seed={seed}", f"--name={seed}"] for seed in range(choices.runs)]
        began, used = time.monotonic(), os.times()
        for one in words:
            _run([*one, "--checkpoints", str(folder / "runs"), "--quiet"])
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
    report: dict[str, Any] = {"results": [{"way": way, "rounds": turns} for way, turns in found.items()]}
    return report, f"{said}\n\n{table(heads, rows)}"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    return command.run("sweep", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
