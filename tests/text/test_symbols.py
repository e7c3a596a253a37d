import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import ConfigError, VocabularyError
from charrnn.text.sources import Piece
from charrnn.text.symbols import as_symbols, known_symbols, to_sought, to_symbols, to_text, without_additions
from charrnn.text.vocabulary import Vocabulary

ENGLISH = Vocabulary.of("""abcdefghijklmnopqrstuvwxyzABC '"-.\n""")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_survives_the_way_through_either_unit(text):
    for unit in ("character", "byte"):
        assert to_text(to_symbols(text, unit), unit) == text


def test_bytes_are_for_models_of_bytes():
    assert to_symbols(b"\xff", "byte") == "\xff"
    assert to_text("\xff", "byte") == "�"
    with pytest.raises(ConfigError, match="characters, not bytes"):
        to_symbols(b"a", "character")


@settings(max_examples=50)
@given(st.text(), st.sampled_from(["skip", "replace"]), st.sampled_from(["character", "byte"]))
def test_whatever_is_read_the_model_knows_the_result(text, unknown, unit):
    vocabulary = Vocabulary(ENGLISH.symbols, unit)
    symbols = text if unit == "character" else text.encode("utf-8", "surrogatepass").decode("latin-1")
    known = known_symbols(symbols, vocabulary, unknown)
    assert set(known) <= set(vocabulary.symbols)
    kept = [c for c in symbols if c in vocabulary]
    assert [c for c in known if c in kept] == kept if unknown == "skip" else len(known) >= len(kept)


def test_unknown_characters_are_an_error_that_names_them_and_their_positions():
    with pytest.raises(VocabularyError) as caught:
        known_symbols("Four Quartz", ENGLISH)
    assert "not 'F' at position 1, 'Q' at position 6:" in str(caught.value)
    assert str(caught.value).endswith(", or choose --unknown skip or replace")


def test_a_surrogate_is_no_byte():
    assert to_symbols("a\udcff", "byte") == "a\xff"
    with pytest.raises(VocabularyError, match=r"not '\\ud800' at position 2: take it out"):
        to_symbols("a\ud800", "byte")


def test_skip_leaves_them_out():
    assert known_symbols("a§b☃c", ENGLISH, "skip") == "abc"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("“a’s” — b", '"a\'s" - b'),
        ("déjà", "deja"),
        ("é Z", "e z"),
        ("ﬁn…", "fin..."),
        ("a☃b", "a b"),
        ("a\u0308b\u0301\u0308", "ab"),
    ],
)
def test_replace_takes_the_closest_character(text, wanted):
    assert known_symbols(text, ENGLISH, "replace") == wanted


def test_replace_composes_where_the_model_knows_the_accents():
    assert known_symbols("e\u0301", Vocabulary("eé"), "replace") == "e"
    assert known_symbols("\u212b", Vocabulary("Å"), "replace") == "Å"  # the sign of the unit


def test_where_there_is_no_space_the_strange_is_left_out():
    assert known_symbols("a☃b", Vocabulary("ab"), "replace") == "ab"
    assert known_symbols("Ã©", Vocabulary(" aÃ", "byte"), "replace") == "Ã "


def test_another_way_is_an_error():
    with pytest.raises(ConfigError, match="unknown must be one of error, skip, replace, not 'drop'"):
        known_symbols("a", ENGLISH, "drop")


@pytest.mark.parametrize(
    ("text", "joined"), [("\ud834\udd1e", "𝄞"), ("a\ud83d\ude00b", "a😀b"), ("\udbff\udffd", "\U0010fffd")]
)
def test_a_pair_of_surrogates_is_read_as_its_character(text, joined):
    assert to_symbols(text, "character") == joined
    assert to_symbols(text, "byte") == joined.encode().decode("latin-1")
    assert to_text(to_symbols(joined, "code unit"), "code unit") == joined


@pytest.mark.parametrize("text", ["\udce9", "a\ud834", "\udd1e b"])
def test_half_of_a_pair_is_unknown_and_is_not_looked_for(text):
    with pytest.raises(VocabularyError, match=r"not '.ud"):
        known_symbols(as_symbols(text, ENGLISH), ENGLISH)
    with pytest.raises(ConfigError, match=r"a stop text must hold characters only, not '.ud"):
        to_sought("a stop text", text, "character")
    assert to_sought("a stop text", "\udce9", "byte") == "\xe9"


@pytest.mark.parametrize(
    ("symbols", "unit", "begins", "read"),
    [
        ("ab", "character", "\ufeffa", "a"),
        ("ab\ufeff", "character", "\ufeffa", "\ufeffa"),
        ("ab", "byte", "\xef\xbb\xbfa", "a"),
        ("ab\xc3\xef", "byte", "\xef\xbb\xbfa", "a"),
        ("ab\xbb\xbf\xef", "byte", "\xef\xbb\xbfa", "\xef\xbb\xbfa"),
    ],
)
def test_each_file_may_begin_with_a_mark_that_the_model_does_not_know(symbols, unit, begins, read):
    pieces = [Piece("one", 0, begins), Piece("one", len(begins), begins), Piece("two", 0, begins)]
    found = [piece.text for piece in without_additions(pieces, Vocabulary(symbols, unit))]
    assert found == [read, begins, read]


@pytest.mark.parametrize(
    ("symbols", "pieces", "read"),
    [
        ("\nab", ["a\r\nb\r\n"], ["a\nb\n"]),
        ("\nab", ["a\r", "\nb\r\n"], ["a", "\nb\n"]),
        ("\nab", ["a\r", "b\r"], ["a", "\rb", "\r"]),
        ("\n\rab", ["a\r", "\nb\r\n"], ["a\r", "\nb\r\n"]),
        ("ab", ["a\r\n"], ["a\n"]),
    ],
)
def test_line_ends_of_windows_are_newlines_for_a_model_that_knows_no_returns(symbols, pieces, read):
    starts = [sum(map(len, pieces[:number])) for number in range(len(pieces))]
    texts = [Piece("one", start, text) for start, text in zip(starts, pieces, strict=True)]
    for unit in ("character", "byte"):
        found = list(without_additions(texts, Vocabulary(symbols, unit)))
        assert [piece.text for piece in found] == read
        after = list(without_additions([*texts, Piece("two", 0, "a")], Vocabulary(symbols, unit)))
        assert [piece.text for piece in after] == [*read, "a"]
