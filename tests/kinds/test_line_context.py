import pytest

from charrnn.kinds.line_context import InContext

LINES = ["one", "", "a long line", "x", "", "", "two", "three"]


def answering(characters):
    """Answers a line with the last ``characters`` before it."""

    def answers(lines):
        return [["\n".join(["", *lines[:at], ""])[-characters:] + line] for at, line in enumerate(lines)]

    return answers


@pytest.mark.parametrize("characters", [1, 2, 5, 64])
@pytest.mark.parametrize("at_once", [1, 2, 3, 5])
def test_lines_are_answered_alike_however_many_come_at_a_time(characters, at_once):
    whole = InContext(answering(characters), characters)(LINES)
    parts = InContext(answering(characters), characters)
    found = [answer for first in range(0, len(LINES), at_once) for answer in parts(LINES[first : first + at_once])]
    assert found == whole
    assert [bool(answer) for answer in found] == [bool(line) for line in LINES]


def test_without_context_empty_lines_are_not_asked_and_nothing_is_kept():
    asked = []
    answers = InContext(lambda lines: asked.append(lines) or [[line] for line in lines], 0)
    assert answers(["a", "", "b"]) == [["a"], [], ["b"]]
    assert answers(["", "c"]) == [[], ["c"]]
    assert asked == [["a", "b"], ["c"]]
