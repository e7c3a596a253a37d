from dataclasses import replace

import pytest

from benchmarks.shared import turns
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape
from benchmarks.shared.turns import by_setting, median, part_of_peak, part_of_reading, run_worker, speed, take_turns
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
    assert all(result["peak_gflops"] > 0 for rounds in figures.values() for result in rounds)
    assert len(said) == 4
    assert by_setting(figures) == {(SHAPE, "1", "float32"): {"a": figures[jobs[0]], "b": figures[jobs[1]]}}


def test_a_worker_that_fails_says_why():
    with pytest.raises(BenchmarkError, match=r"charrnn float32 failed at 1/2/3: .*five whole numbers"):
        run_worker(Job("charrnn", "1/2/3"))


def test_the_part_of_the_peak_counts_every_thread():
    one, two, bf16 = (
        part_of_peak(job, 2e-3, 10)
        for job in (Job("charrnn", SHAPE), Job("charrnn", SHAPE, threads=2), Job("charrnn", SHAPE, "bf16"))
    )
    assert one["part_of_peak"] == pytest.approx(Shape.parse(SHAPE).flop / 2e-3 / 1e9 / 10)
    assert two["part_of_peak"] == pytest.approx(one["part_of_peak"] / 2)
    assert bf16["part_of_peak"] is None


@pytest.mark.parametrize("task", ["train", "sample"])
def test_speed_is_that_of_all_characters(task):
    assert speed(Job("charrnn", SHAPE, task=task), 2e-3)["chars_per_second"] == pytest.approx(3000)


def test_one_text_of_ours_is_compared_with_reading_its_weights():
    job = Job("charrnn", "8/2/1/3/5", task="sample")
    found = part_of_reading(job, 2e-3)
    assert found["weight_bytes"] == 4 * (3 * 32 * 8 + 5 * 8)
    assert found["gbytes_per_second"] == pytest.approx(found["weight_bytes"] * 3 / 2e-3 / 1e9)
    for name in ("matvec", "read"):
        part = found["part_of_" + ("reading" if name == "read" else name)]
        assert part == pytest.approx(found["gbytes_per_second"] / found[f"{name}_gbytes_per_second"])
    assert part_of_reading(replace(job, engine="pytorch_lstm"), 2e-3) == {}
    assert part_of_reading(replace(job, shape="8/2/4/3/5"), 2e-3) == {}


def test_median_of_what_was_measured():
    assert median([{"x": 1.0}, {"x": 3.0}, {"x": 8.0}], "x") == 3
    assert median([{"x": None}, {}], "x") is None
    assert median([], "x") is None
