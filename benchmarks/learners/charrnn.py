"""This project: ``charrnn train TEXT --minutes M``, with nothing else chosen. Its time begins with the command."""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.learners.contract import VAL_FRACTION, Learner, Lesson, Point
from benchmarks.shared.errors import BenchmarkError


def learn(lesson: Lesson) -> Iterator[Point]:
    """See ``Learner.learn``: each point is of the best checkpoint so far, which is what is used."""
    with tempfile.TemporaryDirectory() as folder:
        given = {
            "minutes": lesson.seconds / 60,
            "val-fraction": VAL_FRACTION,
            "rng-seed": lesson.rng_seed,
            "threads": lesson.threads,
            "checkpoints": folder,
            **lesson.options,
        }
        words = [f"--{name}={value}" for name, value in given.items()]
        command = [sys.executable, "-m", "charrnn", "train", str(lesson.text.resolve()), "--json", *words]
        best = math.inf
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "evaluated" and event["val_bpc"] < best:
                    best = event["val_bpc"]
                    yield event["seconds"], best * math.log(2)
        if process.returncode:
            raise BenchmarkError(f"charrnn train ended with {process.returncode}")


LEARNER = Learner("charrnn", {"its own choice": {}}, lambda: "", learn)
