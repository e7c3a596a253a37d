"""A fresh process in which one learner learns one text, and prints each point that it reaches as a line of JSON.

python -m benchmarks.shared.lesson '{"learner": "nanogpt", "text": "book.txt", "seconds": 120, ...}'
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.learners.contract import Lesson, Point, find_learner
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.machine import ROOT


def learn_apart(learner: str, lesson: Mapping[str, Any]) -> list[Point]:
    """What a learner reaches in a process of its own; ``lesson`` holds the fields of ``Lesson``.

    Raises:
        BenchmarkError: it failed; the last line that it wrote says why.
    """
    job = json.dumps({"learner": learner, **lesson})
    command = [sys.executable, "-m", "benchmarks.shared.lesson", job]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
        raise BenchmarkError(f"{learner} failed: {reason}")
    return [tuple(json.loads(line)) for line in result.stdout.splitlines()]


def main(job: str) -> None:
    """Learn, and print the points."""
    fields = json.loads(job)
    learner = find_learner(fields.pop("learner"))
    for seconds, nats in learner.learn(Lesson(**fields | {"text": Path(fields["text"])})):
        print(json.dumps([round(seconds, 2), round(nats, 5)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
