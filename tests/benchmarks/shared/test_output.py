import pytest

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import marks, mebibytes, number, percent, replace_part, spread, table
from benchmarks.shared.turns import Summary

BEGIN, END = marks("models")


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


def test_the_marked_part_of_a_page_is_replaced_again_and_again(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    for text in ("one", "two\nlines"):
        replace_part(page, "models", text)
        assert page.read_text() == f"before\n{BEGIN}\n\n{text}\n\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}\n"])
def test_a_page_without_both_marks_is_left_alone(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(BenchmarkError, match="must hold the lines"):
        replace_part(page, "models", "new")
    assert page.read_text() == text
