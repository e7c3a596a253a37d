"""A tiny run, as a user starts it, and what must be the same of two such runs."""

import json
import subprocess
import sys
from pathlib import Path

from charrnn.storage.run import Run

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 100
OPTIONS = ("--hidden-size", "8", "--batch-size", "8", "--seq-length", "20", "--threads", "1", "--dropout", "0.1")
TIMES = {"seconds", "chars_per_second"}
FILES = {".lock", "best.safetensors", "corpus.safetensors", "last.safetensors", "metrics.jsonl", "run.json"}


def write_text(folder: Path) -> Path:
    path = folder / "cats.txt"
    path.write_text(TEXT)
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "charrnn", *map(str, arguments)]


def start(text: Path, checkpoints: Path, *options: object) -> subprocess.Popen:
    """A process that begins the run, or resumes it if there is something to resume."""
    begun = Run(checkpoints / text.stem).last.exists()
    arguments = ("train", text, *OPTIONS, *options, "--checkpoints", checkpoints, "--quiet")
    return subprocess.Popen(command(*arguments, *(["--resume"] if begun else [])), stderr=subprocess.PIPE, text=True)


def outcome(run: Run) -> tuple[bytes, bytes, list[dict]]:
    """All that must be the same of two runs."""
    lines = run.metrics.read_text().splitlines()
    metrics = [{name: value for name, value in json.loads(line).items() if name not in TIMES} for line in lines]
    return run.last.read_bytes(), run.best.read_bytes(), metrics


def strange_files(run: Run) -> set[str]:
    """What does not belong into a run's folder."""
    return {path.name for path in run.folder.iterdir()} - FILES
