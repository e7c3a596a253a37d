import json

import numpy as np
import pytest

from charrnn.errors import ConfigError, VocabularyError
from charrnn.text.vocabulary import END, LOOKED_UP, Vocabulary

EVERY_WIDTH = "a\x00é€\ufffd🎵\U0010ffff\r\n"


def test_ids_follow_code_point_order():
    vocabulary = Vocabulary.of("banana é🎵")
    assert vocabulary.symbols == " abné🎵"
    assert len(vocabulary) == 6
    assert vocabulary.encode("ban🎵").tolist() == [2, 1, 3, 5]


@pytest.mark.parametrize("text", ["hello", EVERY_WIDTH, "a", "", "ab" * LOOKED_UP + "c"])
def test_decode_reverses_encode(text):
    vocabulary = Vocabulary.of("abcdehlo" + EVERY_WIDTH)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int32
    assert ids.shape == (len(text),)
    assert vocabulary.decode(ids) == text


def test_encode_agrees_with_str_index_across_chunks():
    text = "".join(chr(33 + i * i % 90) for i in range(2 * LOOKED_UP + 7))
    vocabulary = Vocabulary.of(text)
    assert vocabulary.encode(text).tolist() == [vocabulary.symbols.index(character) for character in text]


def test_decode_takes_a_list():
    assert Vocabulary("abc").decode([2, 0, 1]) == "cab"
    assert Vocabulary("abc").decode([]) == ""


def test_contains_single_characters_only():
    vocabulary = Vocabulary("abc")
    assert "b" in vocabulary
    assert "d" not in vocabulary
    assert "" not in vocabulary
    assert "ab" not in vocabulary
    assert 1 not in vocabulary


def test_vocabularies_compare_by_value():
    assert Vocabulary.of("abca") == Vocabulary("abc")
    assert Vocabulary("abc", "byte") != Vocabulary("abc")
    assert len({Vocabulary("abc"), Vocabulary("abc")}) == 1


@pytest.mark.parametrize("unknown", ["A", "é", "b", "Æ", "\U0010ffff", "\x00"])
def test_an_unknown_character_is_named_with_its_position(unknown):
    with pytest.raises(VocabularyError) as caught:
        Vocabulary("ac").encode("acca" + unknown + "a" + unknown)
    assert repr(unknown) in str(caught.value)
    assert "position 5" in str(caught.value)
    assert "train on a text that holds them" in str(caught.value)


def test_the_position_counts_across_chunks():
    with pytest.raises(VocabularyError, match=f"position {2 * LOOKED_UP + 1}:"):
        Vocabulary("a").encode("a" * 2 * LOOKED_UP + "b")


def test_of_many_unknown_characters_five_are_named():
    with pytest.raises(VocabularyError) as caught:
        Vocabulary("a").encode("zyxwvutaz\n")
    assert (
        "not 'z' at position 1, 'y' at position 2, 'x' at position 3, 'w' at position 4, 'v' at position 5 and 3 more:"
        in str(caught.value)
    )
    assert "\n" not in str(caught.value)


def test_bytes_are_latin_1():
    data = bytes(range(256)) * 2
    vocabulary = Vocabulary.of(data.decode("latin-1"), "byte")
    assert vocabulary.encode(data.decode("latin-1")).tolist() == list(data)


def test_an_unknown_byte_is_named_by_its_value():
    with pytest.raises(VocabularyError, match=r"only the 2 bytes of the vocabulary, not 0xe9 at position 3:"):
        Vocabulary("ab", "byte").encode("abé")


@pytest.mark.parametrize("ids", [[0, 3], [-1, 0], 3])
def test_an_id_out_of_range_is_an_error(ids):
    with pytest.raises(VocabularyError, match="must be 0 to 2, not"):
        Vocabulary("abc").decode(ids)


@pytest.mark.parametrize(
    ("symbols", "unit", "error", "message"),
    [
        ("ab", "word", ConfigError, "one of character, byte, not 'word'"),
        ("", "character", VocabularyError, "at least one"),
        ("ba", "character", VocabularyError, "code point order"),
        ("aab", "character", VocabularyError, "distinct"),
        ("aĀ", "byte", VocabularyError, "latin-1"),
    ],
)
def test_what_is_no_vocabulary_is_refused(symbols, unit, error, message):
    with pytest.raises(error, match=message):
        Vocabulary(symbols, unit)


def test_vocabularies_are_joined_in_order():
    assert Vocabulary("bd").joined("cab") == Vocabulary("abcd")
    assert Vocabulary("bd", "byte").joined("") == Vocabulary("bd", "byte")
    with pytest.raises(VocabularyError, match="bytes must be"):
        Vocabulary("bd", "byte").joined("☃")


def test_what_the_vocabulary_lacks_is_found_nowhere():
    assert Vocabulary("bd").find("abcd☃b").tolist() == [-1, 0, -1, 1, -1, 0]
    assert Vocabulary("bd").find("").tolist() == []


@pytest.mark.parametrize("symbols", ["a\ud834", "\udd1e", "a\ud834\udd1e"])
def test_halves_of_characters_are_no_symbols(symbols):
    with pytest.raises(VocabularyError, match=r"the symbols must be characters, not '\\ud"):
        Vocabulary(symbols)


def test_the_vocabulary_of_a_text_has_the_characters_of_its_pairs():
    assert Vocabulary.of("b\ud834\udd1ea").symbols == "ab𝄞"


@pytest.mark.parametrize(
    ("symbols", "documents"),
    [
        ("a\ud834\udd1e", ""),
        ("a\ud834", ""),
        ("\ud83c\ud83d\ude00\ude01\ue000", ""),
        ("\ud83d\ude00\ude01\uffff𝄞", ""),
        (f"\n\ud83d\ude00{END}", "line"),
    ],
)
def test_old_vocabularies_of_halves_are_restored_from_json(symbols, documents):
    stored = json.loads(json.dumps(symbols))
    restored = Vocabulary.restored(len(symbols), stored, documents=documents)
    assert (restored.symbols, restored.unit, restored.documents) == (symbols, "code unit", documents)


@pytest.mark.parametrize("symbols", ["ab", "aé𝄞", "\ue000𝄞🎼"])
def test_other_vocabularies_are_restored_as_they_are(symbols):
    assert Vocabulary.restored(len(symbols), symbols) == Vocabulary(symbols)
    for size in (len(symbols) - 1, len(symbols) + 2):
        with pytest.raises(
            VocabularyError, match=f"a vocabulary of {size} must have as many symbols, not {len(symbols)}"
        ):
            Vocabulary.restored(size, symbols)


@pytest.mark.parametrize("text", [f"a{END}z", f"z{END}", f"{END}az"])
def test_the_end_between_documents_is_not_told_as_unknown(text):
    with pytest.raises(VocabularyError, match=r"not 'z' at position \d: take"):
        Vocabulary(f"a{END}", documents="line").encode(text)
