import pytest

from benchmarks.engines.contract import parameters_of
from benchmarks.parts import BETWEEN, PARTS, Watched, steps, traffic, work
from benchmarks.shared.shape import QUICK_SHAPE, TRAINING_SHAPES, Shape


def test_quick(run_benchmark):
    report, out, err = run_benchmark("parts", "--quick", "--threads", "1")
    results = report["results"]
    assert [result["part"] for result in results] == [*PARTS, BETWEEN]
    assert all(result["seconds"] > 0 for result in results)
    (step, *others) = (result["seconds"] / result["share"] for result in results)
    assert others == pytest.approx([step] * len(others))
    assert {result["part"] for result in results if result["part_of_peak"]} == {*PARTS[:3], PARTS[-1]}
    assert {result["part"] for result in results if result["gbytes_per_second"]} == set(PARTS[3:5])
    assert f"{QUICK_SHAPE}, float32, 1 thread:" in out
    assert "ms a step" in err


def test_parts_are_in_the_order_in_which_a_step_asks_for_them(monkeypatch):
    asked = []

    def run(self, job, most=None):
        asked.append(job.__qualname__)
        original(self, job, most)

    original = Watched.run
    monkeypatch.setattr(Watched, "run", run)
    running = steps(QUICK_SHAPE, "float32", 1)
    next(running)
    asked.clear()
    assert list(next(running)) == [*PARTS, BETWEEN]
    names = ("streams", "weights", "inputs", "norm", "update", "_pack", "make")
    assert len(asked) == len(names)
    assert all(name in job for name, job in zip(names, asked, strict=True))


@pytest.mark.parametrize("shape", TRAINING_SHAPES, ids=str)
def test_the_work_of_all_parts_is_that_of_a_step(shape):
    assert sum(work(shape).values()) == shape.flop
    assert min(work(shape).values()) >= 0


@pytest.mark.parametrize(("precision", "size", "packed_size"), [("float32", 4, 4), ("float64", 8, 8), ("bf16", 4, 2)])
def test_traffic_is_what_is_read_and_written_once(precision, size, packed_size):
    shape = Shape(6, 2, 3, 4, 5)
    parameters = size * parameters_of(shape, precision).vector.size
    matrices = 3 * 24 * 6 + 5 * 6 + 24 * 5  # W_hh twice, W_ih of the upper layer, the head, W_ih of the first layer
    packing = 2 * (size + packed_size) * matrices
    assert traffic(shape, precision) == {"norm, clipping, update": 8 * parameters, "packing": packing}
