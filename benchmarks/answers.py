"""Speed of models that answer: training and prediction of labels and pairs, beside PyTorch, taking turns.

Each figure is the median over rounds; each round of each engine is a fresh process, in the order A B A B. All read the
same random words. Training counts rows per second of whole steps; rows of similar length share a batch in both engines.
Prediction counts lines per second: lines one by one, as an interactive user asks, and many lines at once.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.shared import command
from benchmarks.shared.machine import ROOT
from benchmarks.shared.output import number, table
from benchmarks.shared.turns import UNFAIR

SIZES: dict[str, dict[str, int]] = {
    "label": {"hidden": 128, "embedding": 64, "batch": 64},
    "pairs": {"hidden": 256, "embedding": 128, "batch": 32},
}
"""Of the stack (of both directions together for pairs), the embedding and a batch of rows."""

LABELS = 18

JOBS = ("training", "one line", "many lines")

BEAM = 4

LETTERS = "abcdefghijklmnopqrstuvwxyz"

ROWS, QUICK_ROWS = 6400, 640


def rows_of(task: str, count: int) -> list[tuple[str, str]]:
    """Words of 3 to 16 letters, each with a label, or with another word of about its length."""
    draw = random.Random(0)
    words = ["".join(draw.choices(LETTERS, k=draw.randint(3, 16))) for _ in range(count)]
    if task == "label":
        return [(word, f"label{draw.randrange(LABELS)}") for word in words]
    return [(word, "".join(draw.choices(LETTERS, k=max(1, len(word) + draw.randint(-2, 2))))) for word in words]


def charrnn_engine(task: str, rows: list[tuple[str, str]], threads: int, seconds: float) -> dict[str, float]:
    """Measure charrnn as its users call it."""
    import charrnn
    from charrnn.training.events import StepDone

    size = SIZES[task]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "rows.tsv")
        data.write_text("".join(f"{given}\t{wanted}\n" for given, wanted in rows))
        options: dict[str, Any] = {"hidden_size": size["hidden"], "embedding_size": size["embedding"]}
        events = charrnn.train(
            str(data),
            task=task,
            batch_size=size["batch"],
            steps=2**30,
            eval_every=2**30,
            dropout=0.3,
            preview=False,
            threads=threads,
            checkpoints=folder,
            val_fraction=0.05,
            save_every=2**30,
            **options,
        )
        steps = (event for event in events if isinstance(event, StepDone))
        found = {"training": size["batch"] * steps_per_second(steps, seconds)}
        del steps, events
        for _ in charrnn.train(
            str(data),
            task=task,
            batch_size=size["batch"],
            steps=2,
            preview=False,
            threads=threads,
            checkpoints=folder,
            name="asked",
            **options,
        ):
            pass
        model = charrnn.load("asked", checkpoints=folder, threads=threads)
    lines = [given for given, _ in rows]
    return found | lines_per_second(model.predict, lines, seconds)


def pytorch_engine(task: str, rows: list[tuple[str, str]], threads: int, seconds: float) -> dict[str, float]:
    """Measure the same models, written with nn.LSTM."""
    import torch

    from benchmarks.shared.pytorch_answers import Labeller, Translator, batches_of, train_steps

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    size = SIZES[task]
    model = (Labeller if task == "label" else Translator)(len(LETTERS), LABELS, size["hidden"], size["embedding"])
    batches = batches_of(rows, size["batch"])
    found = {"training": size["batch"] * steps_per_second(train_steps(model, batches), seconds)}
    model.eval()
    longest = 2 + max(len(wanted) for _, wanted in rows)

    def answer(lines: list[str]) -> None:
        for first in range(0, len(lines), 200):
            model.answer(lines[first : first + 200], BEAM, longest)

    return found | lines_per_second(answer, [given for given, _ in rows], seconds)


ENGINES = {"charrnn": charrnn_engine, "PyTorch": pytorch_engine}


def steps_per_second(steps: Iterator[Any], seconds: float) -> float:
    """Steps of training per second, after some that warm up."""
    for _ in range(20):
        next(steps)
    start, count = time.perf_counter(), 0
    while count < 5 or time.perf_counter() - start < seconds:
        next(steps)
        count += 1
    return count / (time.perf_counter() - start)


def lines_per_second(answer: Callable[[list[str]], Any], lines: list[str], seconds: float) -> dict[str, float]:
    """Lines answered per second, one at a time and all at once."""
    found = {}
    for job, groups in (("one line", [[line] for line in lines]), ("many lines", [lines])):
        answer(groups[0])
        start, count, at = time.perf_counter(), 0, 0
        while count == 0 or time.perf_counter() - start < seconds:
            group = groups[at % len(groups)]
            answer(group)
            at, count = at + 1, count + len(group)
        found[job] = count / (time.perf_counter() - start)
    return found


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("answers", __doc__ or "")
    parser.add_argument("--tasks", type=command.names, default=list(SIZES), help="names between commas")
    parser.add_argument("--threads", type=int, default=2, help="of both engines (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for each figure (%(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (%(default)s)")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    return parser


def in_process(task: str, engine: str, choices: argparse.Namespace) -> dict[str, float]:
    """What a fresh process measures."""
    job = json.dumps({"task": task, "engine": engine, "threads": choices.threads, "seconds": choices.seconds})
    environment = {name: value for name, value in os.environ.items() if name not in UNFAIR}
    words = [sys.executable, "-m", "benchmarks.answers", "--work", job, *["--quick"] * choices.quick]
    ended = subprocess.run(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Measure and report."""
    if choices.quick:
        choices.rounds, choices.seconds = 1, 0.0
    engines = [engine for engine in ENGINES if engine != "PyTorch" or find_spec("torch")]
    rows, results = [], []
    for task in choices.tasks:
        rounds: list[dict[str, dict[str, float]]] = []
        for turn in range(choices.rounds):
            rounds.append({engine: in_process(task, engine, choices) for engine in engines})
            command.say(f"{task} round {turn + 1}/{choices.rounds}: {rounds[-1]}")
        results.append({"task": task, "rounds": rounds})
        for job in JOBS:
            sides = [[figures[engine][job] for figures in rounds] for engine in engines]
            rows.append([task, job, *(number(statistics.median(side)) for side in sides), *ratio_of(*sides)])
    heads = ["task", "rows or lines per second", *engines, *["over PyTorch"] * (len(engines) - 1)]
    left_out = [] if len(engines) > 1 else ["PyTorch left out: is not installed (pip install '.[benchmark]')"]
    return {"left_out": left_out, "results": results}, "\n".join([*left_out, table(heads, rows)])


def ratio_of(ours: list[float], *others: list[float]) -> list[str]:
    """Our speed over that of each other one: the median of the rounds, the least and the greatest."""
    found = []
    for theirs in others:
        ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
        found.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    choices = options().parse_args(arguments)
    if choices.work:
        job = json.loads(choices.work)
        rows = rows_of(job["task"], QUICK_ROWS if choices.quick else ROWS)
        print(json.dumps(ENGINES[job["engine"]](job["task"], rows, job["threads"], job["seconds"])))
        return 0
    return command.run("answers", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
