"""What is left of a text, and what makes it again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.models.restorer.measures import most_frequent_spelling, word_accuracy
from charrnn.models.restorer.stripped import LONGEST_ROW, Answers, RestoredRows, Stripped
from charrnn.models.restorer.tasks import TASKS
from charrnn.text.vocabulary import Vocabulary

OFTEN = st.sampled_from("aáÁzšŁłıİßſǅ \u0301\u030c\u05d1\u05bc\u05b0가\u302eが")
TEXTS = st.text(st.one_of(OFTEN, st.characters(codec="utf-8")), max_size=20)


def answers_of(task, text):
    vocabulary = Vocabulary.of(text + "\n")
    learned = TASKS[task].answers(text.split("\n"), vocabulary.characters)
    return Answers(TASKS[task], vocabulary, ("", *sorted(learned - {""})))


def data_of(task, text, answers=None):
    answers = answers or answers_of(task, text)
    stripped = Stripped.of(text.split("\n"), answers)
    return RestoredRows(stripped, tuple(stripped.rows(answers.task)), answers)


@pytest.mark.parametrize("name", TASKS)
@settings(max_examples=50)
@given(text=TEXTS)
def test_pieces_are_the_text_and_come_back_from_their_parts(name, text):
    task = TASKS[name]
    pieces = list(task.pieces(text))
    assert "".join(pieces) == text
    for piece in pieces:
        character, answer = task.parted(piece)
        assert len(character) == 1
        if not answer:
            assert character == piece
        again = task.joined(character, answer)
        assert task.parted(again) == (character, answer)


@pytest.mark.parametrize(("name", "piece", "parts"), [
    ("accents", "č", ("c", "\u030c")),
    ("accents", "e\u0302\u0301", ("e", "\u0302\u0301")),
    ("accents", "ế", ("e", "\u0302\u0301")),
    ("accents", "ł", ("l", "\u0335")),
    ("accents", "가", ("가", "")),
    ("accents", "가\u302e", ("가", "\u302e")),
    ("accents", "\u05d1\u05bc", ("\u05d1", "\u05bc")),
    ("case", "Ž", ("ž", "^")),
    ("case", "ß", ("ß", "")),
    ("case", "İ", ("İ", "")),
    ("spaces", "a ", ("a", " ")),
])  # fmt: skip
def test_parts(name, piece, parts):
    assert piece in TASKS[name].pieces(piece + "x")
    assert TASKS[name].parted(piece) == parts
    assert TASKS[name].parted(TASKS[name].joined(*parts)) == parts


def test_only_single_spaces_between_words_are_left_out():
    assert data_of("spaces", "  a b  c d \ne").text.characters == "  ab  cd \ne\n"


def test_an_answer_is_possible_where_the_text_holds_what_comes_of_it():
    answers = answers_of("accents", "a á e o ö")
    possible = {c: {answers.classes[k] for k in np.flatnonzero(answers.possible[answers.ids(c)[0]])} for c in "aeo "}
    assert possible == {"a": {"", "\u0301"}, "e": {""}, "o": {"", "\u0308"}, " ": {""}}
    assert answers.doubtful("aeo x").tolist() == [True, False, True, False, False]


def test_a_text_may_hold_letters_and_their_marks_one_after_the_other():
    text = "a\u0301 a e\u0301 e"
    answers = answers_of("accents", text)
    assert answers.doubtful("ae").all()
    data = data_of("accents", text)
    assert data.text.characters == "a a e e\n"
    assert [answers.classes[number] for number in data.text.known] == ["\u0301", "", "", "", "\u0301", "", "", ""]


def test_a_long_line_is_cut_at_spaces_with_what_is_beside():
    line = "abcdefg " * 100
    data = data_of("case", line + "\nShort")
    long_rows, last = data.rows[:-1], data.rows[-1]
    assert [row.first for row in long_rows] == [0, *(row.last for row in long_rows[:-1])]
    assert long_rows[-1].last == len(line)
    for row in long_rows:
        assert row.last - row.first <= LONGEST_ROW
        assert line[row.last - 1] == " "
        assert row.start == max(0, row.first - 64)
        assert row.end == min(len(line), row.last + 64)
    assert (last.start, last.first) == (len(line) + 1 - 32, len(line) + 1)


def test_a_word_is_right_if_all_of_it_and_the_spaces_beside_it_are():
    data = data_of("spaces", "ab cd ef - gh")
    assert word_accuracy(data, data.text.known) == 1
    found = data.text.known.copy()
    found[1] = 0  # "abcd"
    assert word_accuracy(data, found) == 0.5
    assert word_accuracy(data_of("accents", "áb - c d"), np.zeros(9, np.int32)) == pytest.approx(2 / 3)


def test_the_rival_knows_each_words_most_frequent_spelling():
    answers = answers_of("accents", "pas pás pás pes\nmá ma ma")
    spell = most_frequent_spelling(data_of("accents", "pas pás pás pes\nmá ma ma", answers))
    text = Stripped.of(["pas ma neznamé"], answers)
    assert [answers.classes[number] for number in spell(text)[:6]] == ["", "\u0301", "", "", "", ""]


def test_no_space_stands_before_a_combining_mark():
    text = Stripped.of(["ae\u0301i"], answers_of("spaces", "a b c d e f i\nab cd e\u0301 i\n"))
    assert text.doubtful[:4].tolist() == [True, False, True, False]


def test_noise_is_undone_by_its_answers(random):
    task, text = TASKS["typos"], "the quick brown fox jumps over the lazy dog, again\n" * 20
    answers = answers_of("typos", text)
    kinds = set()
    for line in text.splitlines(keepends=True):
        pairs = task.noised(line, answers.classes, random)
        assert "".join(task.joined(*pair) for pair in pairs) == line
        assert len(pairs) <= 1.5 * len(line) + 1
        assert {answer for _, answer in pairs} <= set(answers.classes)
        kinds |= {answer[:1] for _, answer in pairs}
    assert kinds == {"", "-", "=", "+"}


def test_the_end_of_a_line_is_never_taken_away():
    answers = answers_of("typos", "the cat\nthe dog\n" * 20)
    of_end = answers.possible[answers.ids("\n")[0]]
    assert {answers.classes[number][:1] for number in np.flatnonzero(of_end)} == {"", "+"}
