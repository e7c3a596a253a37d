"""Small jobs, trained to their end or to a step."""

import json

from charrnn.starting import open_job
from charrnn.training.events import StepDone

TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 40
SMALL = {"hidden_size": 16, "batch_size": 4, "seq_length": 16, "threads": 1}


def train(*sources, stop_after=None, **options):
    job = open_job(sources, **(SMALL if not options.get("resume") else {}) | options)
    events = []
    for event in job.events():
        events.append(event)
        if isinstance(event, StepDone) and event.step == stop_after:
            job.trainer.stop()
    return job, events


def metrics(runs, name="cat"):
    timed = {"seconds", "chars_per_second"}
    lines = (runs / name / "metrics.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in timed} for line in lines]
