import pytest

from benchmarks.shared.output import mebibytes, number, percent, spread, table
from benchmarks.shared.turns import Summary


def test_a_table_is_aligned_markdown():
    assert table(["name", "n"], [["a", "1"], ["long one", "1,000"]]).splitlines() == [
        "| name     |     n |",
        "|----------|------:|",
        "| a        |     1 |",
        "| long one | 1,000 |",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.01234, "0.0123"), (4.567, "4.57"), (123.4, "123"), (45678.9, "45,679")]
)
def test_numbers(value, text):
    assert number(value) == text


def test_parts_memory_and_spreads():
    assert (percent(None), percent(0.854), percent(1.02)) == ("-", "85 %", "102 %")
    assert (mebibytes(None), mebibytes(3 << 19)) == ("-", "1.5")
    assert spread(Summary.of([3.0, 1.0, 2.0])) == "2.00 (1.00-3.00)"
