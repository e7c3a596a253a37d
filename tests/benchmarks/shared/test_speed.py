import pytest

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import Shape
from benchmarks.shared.speed import add_speed, check_clock
from benchmarks.shared.worker import Job

SHAPE = "8/1/2/3/5"


def test_speed_counts_every_thread_and_the_clock_that_was_chosen():
    measured = {"step_seconds": 2e-3, "step_cpu_seconds": 1e-3, "peak_gflops": 10.0}
    wall, cpu, bf16 = dict(measured), dict(measured), dict(measured)
    add_speed(Job("charrnn", SHAPE, threads=2), wall, "wall")
    add_speed(Job("charrnn", SHAPE), cpu, "cpu")
    add_speed(Job("charrnn", SHAPE, "bf16"), bf16, "wall")
    assert wall["chars_per_second"] == pytest.approx(3000)
    assert wall["part_of_peak"] == pytest.approx(Shape.parse(SHAPE).flop / 2e-3 / 1e9 / 20)
    assert cpu["part_of_peak"] == pytest.approx(4 * wall["part_of_peak"])
    assert bf16["chars_per_second"] == wall["chars_per_second"]
    assert bf16["part_of_peak"] is None


def test_the_cpu_clock_is_for_one_thread():
    check_clock("cpu", [1])
    check_clock("wall", [1, 2])
    with pytest.raises(BenchmarkError, match="--threads 1"):
        check_clock("cpu", [1, 2])
