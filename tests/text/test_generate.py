import ast
import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from charrnn.errors import ConfigError, CorpusError
from charrnn.text import generate as module
from charrnn.text.generate import DEFAULT_SIZE, GENERATORS, LONGEST, generate

LINES = ["addition", "parity", "brackets"]


def text(*arguments):
    return "".join(generate(*arguments))


@pytest.mark.parametrize("name", GENERATORS)
def test_the_same_arguments_give_the_same_text(name):
    first, again, other = text(name, 5000, 3), text(name, 5000, 3), text(name, 5000, 4)
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", GENERATORS)
def test_a_smaller_size_is_a_prefix(name):
    small, large = text(name, 1000, 1), text(name, 3000, 1)
    assert large.startswith(small)
    assert len(small) < len(large)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("size", [100, 101, 102, 1000])
def test_whole_lines_up_to_the_size(name, size):
    full, part = text(name, 2000), text(name, size)
    assert part.endswith("\n")
    assert len(part) <= size
    assert len(part) + full[len(part) :].index("\n") + 1 > size


@pytest.mark.parametrize("name", LINES)
def test_there_is_one_line_at_least(name):
    assert text(name, 2).count("\n") == 1


def test_the_default_size():
    assert DEFAULT_SIZE == 1_000_000
    assert DEFAULT_SIZE - 23 < len(text("parity")) <= DEFAULT_SIZE


def test_sums_are_right_and_their_lengths_uniform():
    sums = [re.fullmatch(r"(\d+)\+(\d+)=(\d+)", line).groups() for line in text("addition", 100_000).splitlines()]
    assert all(int(left) + int(right) == int(total) for left, right, total in sums)
    for side in (0, 1):
        for digits in (1, 2, 3):
            assert abs(sum(len(numbers[side]) == digits for numbers in sums) / len(sums) - 1 / 3) < 0.03
    assert {"0", "9", "10", "99", "100"} <= {left for left, _, _ in sums}


def test_parities_are_right():
    lines = [re.fullmatch(r"([01]{1,20})=([01])", line).groups() for line in text("parity", 100_000).splitlines()]
    assert all(bits.count("1") % 2 == int(parity) for bits, parity in lines)
    counts = Counter(len(bits) for bits, _ in lines)
    assert set(counts) == set(range(1, 21))


@pytest.mark.parametrize("name", ["parity", "brackets"])
def test_the_end_of_a_question_cannot_be_foreseen(name):
    lengths = [line.index("=") for line in text(name, 200_000, 0, (3, 30)).splitlines()]
    for n in range(3, 15):
        longer = sum(length > n for length in lengths) / sum(length >= n for length in lengths)
        assert abs(longer - 0.8) < 0.04


def test_brackets_are_closed_by_the_answer():
    lines = [line.split("=") for line in text("brackets", 20_000).splitlines()]
    assert {len(question) for question, _ in lines} >= set(range(1, 21))
    assert set("".join(question for question, _ in lines)) == set("()[]{}")
    for question, answer in lines:
        assert not set(answer) & set("([{")
        rest = question + answer
        while (shorter := rest.replace("()", "").replace("[]", "").replace("{}", "")) != rest:
            rest = shorter
        assert rest == "", question


@pytest.mark.parametrize("name", LINES)
def test_lengths_can_be_chosen(name):
    def lengths(*chosen):
        questions = [line.split("=")[0] for line in text(name, 5000, 1, chosen).splitlines()]
        return {len(part) for question in questions for part in question.split("+")}

    assert lengths(5, 8) == {5, 6, 7, 8}
    assert lengths(200, 200) == {200}


def test_python_is_the_standard_library_in_order():
    everything = text("python")
    assert len(everything) > 5_000_000
    assert "\r" not in everything
    first, second = everything.index("def abstractmethod("), everything.index("class TarInfo(")
    assert first < second
    assert "class TestResult" in everything  # unittest is no test
    ast.parse(next(piece for piece in generate("python") if "class TarInfo(" in piece))


def test_another_seed_shuffles_pythons_files():
    in_order, shuffled = list(generate("python")), list(generate("python", None, 1))
    assert in_order != shuffled
    assert sorted(in_order) == sorted(shuffled)


@pytest.fixture
def stdlib(tmp_path, monkeypatch):
    """An empty folder in the place of the standard library's."""
    monkeypatch.setattr(module.sysconfig, "get_path", {"stdlib": str(tmp_path)}.get)
    return tmp_path


def test_python_leaves_out_what_is_not_the_library(stdlib):
    for name in ["b.py", "a/a.py", "a/test/x.py", "a/tests/x.py", "idlelib/idle_test/x.py", "site-packages/x.py",
                 "dist-packages/x.py", "__pycache__/x.py", "sitecustomize.py", "c.txt"]:  # fmt: skip
        (stdlib / name).parent.mkdir(parents=True, exist_ok=True)
        (stdlib / name).write_bytes(f"# {name}\r\n".encode())
    (stdlib / "aa.py").write_bytes(b"# latin-1: \xe9\n")
    assert text("python") == "# a/a.py\n# b.py\n"
    assert text("python", 12) == "# a/a.py\n# b"
    assert list(generate("python", None)) == ["# a/a.py\n", "# b.py\n"]
    assert list(generate("python", 9)) == ["# a/a.py\n"]
    assert text("python", 1000) == "# a/a.py\n# b.py\n"


def test_english_is_the_prose_of_pythons_documentation():
    everything = text("english")
    assert len(everything) > 500_000
    assert len(set(everything)) < 90
    assert "\n\n\n" not in everything
    paragraphs = everything.split("\n\n")
    assert paragraphs.pop() == ""
    assert len(set(paragraphs)) == len(paragraphs)
    assert "assignment statement" in everything[:20_000]  # of the topics, which come first
    assert "Base class for" in everything  # of docstrings


def test_english_without_topics_is_docstrings(stdlib, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    sentence = "A text that is said of a module, a class or a function, so that people know what it is for."
    (stdlib / "a.py").write_text(f'"""{sentence}"""\ndef f():\n    """{sentence}\n\n    >>> f()\n    """\n')
    (stdlib / "b.py").write_text("print 'of another Python'\n")
    assert text("english") == sentence + "\n\n"


def test_a_python_without_documentation(stdlib, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(CorpusError, match="no documentation of Python's own was found"):
        generate("english")


def test_a_python_without_its_source(stdlib):
    with pytest.raises(CorpusError, match=r"no \.py files of Python"):
        generate("python")
    stdlib.rmdir()
    with pytest.raises(CorpusError, match=r"cannot read .*: No such file"):
        generate("python")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("klingon",), "one of english, python, addition, parity, brackets, not 'klingon'"),
        (("parity", 1), "at least 2 characters, not 1"),
        (("parity", 10, -1), "at least 0, not -1"),
        (("parity", 10, 0, (0, 5)), "rise from at least 1, not 0-5"),
        (("parity", 10, 0, (9, 8)), "not 9-8"),
        (("python", 10, 0, (1, 2)), "not for python"),
        (("english", 10, 0, (1, 2)), "not for english"),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments, message):
    with pytest.raises(ConfigError, match=message):
        generate(*arguments)


def test_numpy_is_not_needed():
    code = "import sys, charrnn.text.generate; sys.exit('numpy' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


@pytest.mark.parametrize(
    ("name", "greatest"), [("addition", 4001), ("addition", 10**8), ("parity", 3 * 10**9), ("brackets", 10**20)]
)
def test_lengths_that_no_line_can_have_are_refused(name, greatest):
    with pytest.raises(ConfigError, match=rf"^the lengths of {name} must be at most [\d,]+, not {greatest}: give such"):
        generate(name, 100, 0, (1, greatest))


@pytest.mark.parametrize("name", LINES)
def test_the_greatest_lengths_can_be_drawn(name):
    question, _, _ = text(name, 2, 0, (LONGEST[name], LONGEST[name])).partition("=")
    assert len(question.split("+")[0]) == LONGEST[name]
