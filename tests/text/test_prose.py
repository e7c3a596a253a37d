import textwrap

import pytest

from charrnn.text.prose import docstrings, paragraphs

SENTENCE = "Prose is a sentence of words that somebody wrote for others to read, and it ends with a full stop."


def prose(text):
    return list(paragraphs(text))


def test_a_paragraph_becomes_one_line():
    assert (
        prose(textwrap.fill(SENTENCE, 30)) == prose(textwrap.indent(textwrap.fill(SENTENCE, 40), "   ")) == [SENTENCE]
    )


def test_paragraphs_are_between_blank_lines():
    assert prose(f"\n\n{SENTENCE}\n \t\n\n{SENTENCE}\n") == [SENTENCE, SENTENCE]


def test_markup_is_taken_away():
    assert prose(SENTENCE.replace("sentence", "*sentence*").replace("words", "``words``")) == [SENTENCE]
    assert prose(SENTENCE.replace("words", ":class:`words`")) == [SENTENCE]


@pytest.mark.parametrize(
    "block",
    [
        "Too short.",
        SENTENCE.lower(),
        SENTENCE.rstrip("."),
        SENTENCE.replace("words", "a = b[0]"),
        SENTENCE.replace("somebody", "\u00e9"),
        f"{SENTENCE}\n   - and an indented line, which makes it a list.",
        "A_name b_name c_name d_name e_name f_name g_name h_name i_name j_name k_name l_name m_name n_name o_name.",
    ],
)
def test_what_is_no_prose_is_left_out(block):
    assert prose(block) == []


def test_docstrings_are_those_of_modules_classes_and_functions():
    source = '''
"""Of the module."""
class A:
    """Of the class.

    Indented.
    """
    async def f(self):
        "Of the method."
        "Of nothing."
        return "a value"
def g(): pass
'''
    assert [text for text in docstrings(source) if text] == [
        "Of the module.",
        "Of the class.\n\nIndented.",
        "Of the method.",
    ]


@pytest.mark.parametrize("source", ["print 'old'", "a\0b"])
def test_what_cannot_be_parsed_has_no_docstrings(source):
    assert list(docstrings(source)) == []


def test_warnings_about_other_peoples_strings_are_not_shown():
    assert list(docstrings(r'"""Of the module."""' + "\nPATTERN = '\\d'\n")) == ["Of the module."]
