import os

import pytest

from benchmarks.shared import turns
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.turns import median, run_worker, take_turns
from benchmarks.shared.worker import Job


def test_engines_take_turns(monkeypatch):
    order = []

    def run(job):
        order.append(job.engine)
        return {"step_seconds": float(len(order))}

    monkeypatch.setattr(turns, "run_worker", run)
    said = []
    measured = take_turns([Job("a", "1/1/1/1/1"), Job("b", "1/1/1/1/1")], 2, said.append, lambda job: {"x": job.engine})
    assert order == ["a", "b", "a", "b"]
    assert measured == [
        [{"step_seconds": 1, "x": "a"}, {"step_seconds": 3, "x": "a"}],
        [{"step_seconds": 2, "x": "b"}, {"step_seconds": 4, "x": "b"}],
    ]
    assert len(said) == 4


def test_a_worker_that_fails_says_why(monkeypatch):
    monkeypatch.setitem(os.environ, "OPENBLAS_CORETYPE", "Haswell")
    with pytest.raises(BenchmarkError, match=r"charrnn float32 failed at 1/2/3: .*five whole numbers"):
        run_worker(Job("charrnn", "1/2/3"))


def test_median_of_what_was_measured():
    assert median([{"x": 1.0}, {"x": 3.0}, {"x": 8.0}], "x") == 3
    assert median([{"x": None}, {}], "x") is None
    assert median([], "x") is None
