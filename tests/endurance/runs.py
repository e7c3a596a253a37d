"""A tiny run, as a user starts it, and what must be the same of two such runs."""

import json
import subprocess
import sys

from charrnn.storage.checkpoint import load_header
from charrnn.storage.run import Run

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 100
OPTIONS = ("--hidden-size", "8", "--batch-size", "8", "--seq-length", "20", "--threads", "1", "--dropout", "0.1")
SEED = 0
"""Of the random generator of such a run."""

TIMES = {"seconds", "chars_per_second"}
FILES = {
    ".lock",
    "best.safetensors",
    "corpus.safetensors",
    "last.safetensors",
    "metrics.jsonl",
    "run.json",
    "samples.jsonl",
}


def write_text(folder):
    path = folder / "cats.txt"
    path.write_text(TEXT)
    return path


def command(*arguments):
    return [sys.executable, "-m", "charrnn", *map(str, arguments)]


def start(text, checkpoints, *options, by_name=False):
    """A process that begins the run, in the place of any of another seed, or resumes it.

    Args:
        text: to train on.
        checkpoints: folder that holds the runs.
        options: of the run.
        by_name: resume it by its name alone: it knows its text and all else.
    """
    run = Run(checkpoints / text.stem)
    if not is_begun(run):
        arguments = ("train", text, *OPTIONS, *options, "--overwrite")
    elif by_name:
        arguments = ("train", "--resume", "--name", run.name)
    else:
        arguments = ("train", text, *OPTIONS, *options, "--resume")
    arguments = (*arguments, "--checkpoints", checkpoints, "--quiet")
    return subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, text=True)


def is_begun(run):
    """Whether a run of OPTIONS can be resumed: one of another seed is an older one, which it replaces."""
    newest = next((path for path in (run.new.last, run.last) if path.exists()), None)
    return newest is not None and load_header(newest)["settings"]["rng_seed"] == SEED


def outcome(run):
    """All that must be the same of two runs."""
    lines = run.metrics.read_text().splitlines()
    metrics = [{name: value for name, value in json.loads(line).items() if name not in TIMES} for line in lines]
    return run.last.read_bytes(), run.best.read_bytes(), metrics


def strange_files(run):
    """What does not belong into a run's folder."""
    return {path.name for path in run.folder.iterdir()} - FILES
