import pytest

from charrnn.text.surrogates import begun_pair, has_surrogates, join_pairs, split_pairs, to_characters
from charrnn.text.vocabulary import END


@pytest.mark.parametrize("text", ["", "plain", "é日\uffff", "🎼𐍈", f"{END}"])
def test_a_text_without_surrogates_stays_as_it_is(text):
    assert not has_surrogates(text)
    assert join_pairs(text) == to_characters(text) == text


@pytest.mark.parametrize(
    ("text", "joined", "shown"),
    [
        ("\ud834\udd1e", "𝄞", "𝄞"),
        ("a\udbff\udffdb", "a\U0010fffdb", "a\U0010fffdb"),
        ("\ud800", "\ud800", "\ufffd"),
        ("\udd1e\ud834", "\udd1e\ud834", "\ufffd\ufffd"),
        ("\ud834\ud834\udd1e\udd1e", "\ud834𝄞\udd1e", "\ufffd𝄞\ufffd"),
        ("𝄞\ud834", "𝄞\ud834", "𝄞\ufffd"),
    ],
)
def test_pairs_are_characters_and_lone_halves_stay(text, joined, shown):
    assert has_surrogates(text)
    assert join_pairs(text) == joined
    assert to_characters(text) == shown


@pytest.mark.parametrize("text", ["", "aé", "𝄞x𐀀", "\U0010fffe", f"a{END}"])
def test_what_is_split_can_be_joined(text):
    assert join_pairs(split_pairs(text)) == text
    assert split_pairs(split_pairs(text)) == split_pairs(text)


def test_a_pair_may_be_begun():
    assert [begun_pair(text) for text in ("", "a", "a\ud834", "\udd1e", "𝄞")] == ["", "", "\ud834", "", ""]
