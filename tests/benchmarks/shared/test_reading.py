import numpy as np
import pytest

from benchmarks.cases.contract import seconds_of
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
    assert seconds_of(case, 0.0) < 1
    assert weight_bytes(shape, precision) == 9 * (3 * 36 + 5) * (4 if precision == "float32" else 2)


def test_rates_are_of_bytes_and_not_of_the_time_that_is_given():
    shape = Shape(64, 2, 1, 1, 65)
    assert read_rate(weight_bytes(shape, "float32")) > 1
    assert matvec_rate(shape, "float32") > 1
