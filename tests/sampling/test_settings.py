import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.kernels.draw import Rules
from charrnn.sampling.settings import SamplingSettings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("length", -1, "length must be a whole number of at least 0, not -1"),
        ("length", 2.5, "length must be a whole number of at least 0, not 2.5"),
        ("temperature", None, "temperature must be a number, not None"),
        ("min_p", "0.1", "min_p must be a number, not '0.1'"),
        ("top_k", -2, "top_k must be a whole number of at least 0, not -2"),
        ("temperature", -0.1, "temperature must be at least 0, not -0.1"),
        ("temperature", float("nan"), "temperature must be at least 0, not nan"),
        ("temperature", float("inf"), "temperature must be finite, not inf"),
        ("top_p", 0.0, "top_p must be above 0 and at most 1, not 0.0"),
        ("top_p", 1.1, "top_p must be above 0 and at most 1, not 1.1"),
        ("top_p", float("nan"), "top_p must be above 0 and at most 1, not nan"),
        ("min_p", -0.1, "min_p must be at least 0 and at most 1, not -0.1"),
        ("min_p", 1.1, "min_p must be at least 0 and at most 1, not 1.1"),
        ("stop", ("a", ""), "stop must be texts of at least one character, not '': leave it out"),
        ("stop", "ab", "stop must be a tuple of texts, not 'ab'"),
    ],
)
def test_what_is_out_of_range_is_an_error(name, value, message):
    with pytest.raises(ConfigError) as caught:
        SamplingSettings(**{name: value})
    assert str(caught.value) == message


def test_rules_are_of_the_types_that_the_kernel_is_compiled_for():
    rules = SamplingSettings(temperature=np.float32(1), top_k=np.int64(3), top_p=1, min_p=0).rules
    assert rules == Rules(1.0, 3, 1.0, 0.0)
    assert [type(value) for value in rules] == [float, int, float, float]
