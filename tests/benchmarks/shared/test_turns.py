import pytest

from benchmarks.shared import turns
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape
from benchmarks.shared.turns import by_setting, median, run_worker, speed, take_turns
from benchmarks.shared.worker import Job

SHAPE = "8/1/2/3/5"


def test_engines_take_turns(monkeypatch):
    order = []

    def run(job):
        order.append(job.engine)
        return {"step_seconds": float(len(order))}

    monkeypatch.setattr(turns, "run_worker", run)
    said = []
    jobs = [Job("a", SHAPE), Job("b", SHAPE)]
    figures = take_turns(jobs, 2, said.append)
    assert order == ["a", "b", "a", "b"]
    assert [[result["step_seconds"] for result in figures[job]] for job in jobs] == [[1, 3], [2, 4]]
    assert all(result["peak_gflops"] > 1 for rounds in figures.values() for result in rounds)
    assert len(said) == 4
    assert by_setting(figures) == {(SHAPE, "1", "float32"): {"a": figures[jobs[0]], "b": figures[jobs[1]]}}


def test_a_worker_that_fails_says_why():
    with pytest.raises(BenchmarkError, match=r"charrnn float32 failed at 1/2/3: .*five whole numbers"):
        run_worker(Job("charrnn", "1/2/3"))


def test_speed_counts_every_thread():
    one, two = speed(Job("charrnn", SHAPE), 2e-3, 10), speed(Job("charrnn", SHAPE, threads=2), 2e-3, 10)
    bf16 = speed(Job("charrnn", SHAPE, "bf16"), 2e-3, 10)
    assert one["chars_per_second"] == two["chars_per_second"] == bf16["chars_per_second"] == pytest.approx(3000)
    assert one["part_of_peak"] == pytest.approx(Shape.parse(SHAPE).flop / 2e-3 / 1e9 / 10)
    assert two["part_of_peak"] == pytest.approx(one["part_of_peak"] / 2)
    assert bf16["part_of_peak"] is None


def test_median_of_what_was_measured():
    assert median([{"x": 1.0}, {"x": 3.0}, {"x": 8.0}], "x") == 3
    assert median([{"x": None}, {}], "x") is None
    assert median([], "x") is None
