import numpy as np
import pytest

from benchmarks.cases.contract import CallTime
from benchmarks.shared import reading
from benchmarks.shared.reading import matvec, matvec_rate, read, read_rate, weight_bytes
from benchmarks.shared.shape import Shape


def test_each_number_is_read_in_each_pass():
    numbers = np.arange(1, 38, dtype=np.int64) << 8
    for count in (1, 3):
        wanted = np.int64(0)
        for n in range(count):
            wanted |= np.bitwise_or.reduce(numbers + n)
        assert read(numbers, count) == wanted


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_matvec_has_the_weights_of_the_shape(precision):
    shape = Shape(9, 2, 1, 4, 5)
    case = matvec(9, shape.weights_read // 9, precision)
    assert case.size == f"1x9 9x{3 * 36 + 5}"
    case.run()
    assert case.error() < (1 if precision == "float32" else 2**17)
    assert weight_bytes(shape, precision) == 9 * (3 * 36 + 5) * (4 if precision == "float32" else 2)


def test_a_rate_is_that_of_the_bytes_that_are_read(monkeypatch):
    monkeypatch.setattr(reading, "seconds_of", lambda case, limit: CallTime(2e-6, False))
    shape = Shape(64, 2, 1, 1, 65)
    assert matvec_rate(shape, "float32") == pytest.approx(weight_bytes(shape, "float32") / 2e3)
    passes = []
    monkeypatch.setattr(reading, "read", lambda memory, count: passes.append(count))
    monkeypatch.setattr(reading, "seconds_of_call", lambda call: (call(), 0.01 * passes[-1])[1])
    assert read_rate(800) == pytest.approx(800 / 0.01 / 1e9)
    assert passes == [1, 2, 4, 8]  # until it takes long enough to be timed
