import numpy as np
import pytest

from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.models.language.network import Network
from charrnn.scoring import pieces as module
from charrnn.scoring.pieces import in_blocks, score_pieces
from charrnn.scoring.score import joined
from charrnn.scoring.streams import StreamReader
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import END, Vocabulary

VOCABULARY = Vocabulary(" 'abcdet")


@pytest.fixture
def scored(make_parameters):
    network = Network(make_parameters(vocab_size=len(VOCABULARY), hidden_size=5))

    def scored(*pieces, **options):
        return list(score_pieces(StreamReader(network), VOCABULARY, pieces, **options))

    return scored


def files(*texts):
    return [Piece(f"{number}.txt", 0, text) for number, text in enumerate(texts)]


def test_pieces_are_cut_and_gathered_into_blocks():
    pieces = [Piece("a", 0, "12345"), Piece("a", 5, "6"), Piece("b", 0, ""), Piece("c", 0, "789")]
    blocks = [[(p.origin, p.start, p.text) for p in block] for block in in_blocks(pieces, 2)]
    assert blocks == [
        [("a", 0, "12")],
        [("a", 2, "34")],
        [("a", 4, "5"), ("a", 5, "6")],
        [("b", 0, ""), ("c", 0, "78")],
        [("c", 2, "9")],
    ]


def test_a_text_in_pieces_scores_like_the_whole(scored, monkeypatch):
    text = "a cat ate a bad date " * 9
    whole = joined(scored(Piece("", 0, text)))
    parts = scored(*files(text[:1], text[1:50], "", text[50:]))
    assert [part.text for part in parts] == [text[:1], text[1:50], "", text[50:]]
    assert parts[0].characters == parts[2].characters == 0
    monkeypatch.setattr(module, "SCORED_BLOCK", 40)
    for other in (joined(parts), joined(scored(Piece("", 0, text)))):
        assert np.array_equal(other.losses, whole.losses, equal_nan=True)
        assert np.array_equal(other.ranks, whole.ranks)
        assert other.characters == len(text) - 1


def test_an_unknown_character_is_named_with_its_file_and_place(scored):
    with pytest.raises(
        VocabularyError, match=r"1\.txt: .* not '!' at position 104, '\?' at position 105:.* --unknown skip"
    ):
        scored(Piece("0.txt", 0, "a cat"), Piece("1.txt", 100, "ate!?"))


def test_skipped_characters_are_neither_read_nor_counted(scored):
    plain, strange = joined(scored(*files("a cat"))), joined(scored(*files("?a! c?at"), unknown="skip"))
    assert strange.characters == plain.characters == 4
    assert strange.nats == plain.nats
    assert strange.unknown == 3
    assert (strange.ranks > 0).tolist() == [False, False, False, True, True, False, True, True]
    assert np.array_equal(np.isnan(strange.losses), strange.ranks == 0)


def test_replaced_characters_are_read_but_not_counted(scored):
    plain, strange = joined(scored(*files("eat 'a'"))), joined(scored(*files("éat “a’"), unknown="replace"))
    assert strange.unknown == 3
    assert strange.characters == 4
    # A double quote is read as a space, for want of a closer one.
    assert np.array_equal(strange.losses[1:4], plain.losses[1:4])


def test_what_to_do_about_unknown_characters_must_be_known(scored):
    with pytest.raises(ConfigError, match="error, skip, replace, not 'drop'"):
        scored(*files("a cat"), unknown="drop")


@pytest.mark.parametrize(("text", "unknown"), [("", "error"), ("a", "error"), ("a??", "skip")])
def test_a_text_with_nothing_to_predict_is_an_error(scored, text, unknown):
    with pytest.raises(CorpusError, match="at least 2 characters that the model knows"):
        scored(*files(text), unknown=unknown)


def test_documents_are_scored_each_alone_with_their_ends(make_parameters):
    vocabulary = Vocabulary(f"abc{END}", documents="line")
    network = Network(make_parameters(vocab_size=4, hidden_size=5, end_symbol=True))
    documents = ["abc", "c", "bacca"] * 5
    pieces = [Piece("x", 0, "\n".join(documents))]
    scored = joined(list(score_pieces(StreamReader(network), vocabulary, pieces)))
    alone = []
    for document in documents:
        losses, _ = StreamReader(network).read(vocabulary.encode(END + document + END))
        alone += losses[1:].tolist()
    assert scored.text == "".join(document + END for document in documents)
    assert scored.characters == len(scored.text)
    np.testing.assert_allclose(scored.losses, alone, rtol=1e-5)
