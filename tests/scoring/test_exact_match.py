import numpy as np
import pytest
import reference

from charrnn.errors import CorpusError, VocabularyError
from charrnn.kinds.config import make_config
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.scoring import exact_match, streams
from charrnn.scoring.exact_match import lines_of, score_exact_match
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary("\n01=")


@pytest.fixture
def network():
    """A network of which some lines end after 0, 1 or 2 bits, and some go on."""
    parameters = LanguageParameters(make_config(vocab_size=4, hidden_size=12, precision="float64")).initialise(0)
    noise = np.random.default_rng(0)
    for tensor in parameters.tensors.values():
        tensor[:] += noise.normal(0, 0.6, tensor.shape)
    parameters["head.bias"][:] = [0.5, 0, 0, 0]
    return Network(parameters)


def most_probable(network, question, length):
    """The continuation of a line, drawn greedily with the reference."""
    ids = VOCABULARY.encode("\n" + question)
    state, drawn = network.initial_state(1), ""
    for _ in range(length):
        logits, state, _ = reference.forward(network.parameters.tensors, ids[:, np.newaxis], state)
        ids = np.array([logits[-1, 0].argmax()], np.int32)
        drawn += VOCABULARY.decode(ids)
    return drawn


@pytest.fixture
def asked(network, random):
    """Lines with questions of 1 to 6 bits, and whether their answers, some of them spoilt, are the network's own."""
    lines, right = [], []
    for spoilt in [False, True] * 30:
        question = "".join(random.choice(["0", "1"], random.integers(1, 7))) + "="
        answer, end, _ = most_probable(network, question, 12).partition("\n")
        lines.append(question + answer + "0" * spoilt)
        right.append(end == "\n" and not spoilt)
    return lines, right


def counted(lines, right):
    lengths = [line.index("=") for line in lines]
    return {n: (lengths.count(n), sum(r for r, m in zip(right, lengths, strict=True) if m == n)) for n in set(lengths)}


def counts(result):
    return {length: (result.asked[length], result.right[length]) for length in result.asked}


def test_an_answer_is_right_if_the_model_would_write_it(network, asked):
    lines, right = asked
    assert 10 < sum(right) < len(right)
    result = score_exact_match(network, VOCABULARY, [Piece("", 0, "\n".join(lines) + "\n")])
    assert counts(result) == counted(lines, right)


def test_neither_blocks_nor_groups_nor_other_lines_change_an_answer(network, asked, monkeypatch):
    lines, right = asked
    monkeypatch.setattr(exact_match, "SCORED_BLOCK", 40)
    monkeypatch.setattr(exact_match, "MOST_LINES", 2)
    monkeypatch.setattr(streams, "WINDOW", 6)
    text = "\n\n".join(reversed(lines))
    pieces = [Piece("a", start, text[start : start + 7]) for start in range(0, len(text), 7)]
    assert counts(score_exact_match(network, VOCABULARY, pieces)) == counted(lines, right)


def test_an_answer_that_goes_on_is_wrong(network, asked):
    lines, right = asked
    longer = [line[:-1] for line, good in zip(lines, right, strict=True) if good and not line.endswith("=")]
    assert score_exact_match(network, VOCABULARY, [Piece("", 0, "\n".join(longer))]).right.total() == 0
    assert longer


def test_another_mark(network, asked):
    lines, right = asked
    vocabulary = Vocabulary("\n01>")  # the same ids
    text = "\n".join(lines).replace("=", ">")
    result = score_exact_match(network, vocabulary, [Piece("", 0, text)], separator=">")
    assert counts(result) == counted(lines, right)


def test_lines_know_their_files_and_numbers():
    pieces = [Piece("a", 0, "one\n\nth"), Piece("a", 7, "ree"), Piece("b", 0, ""), Piece("c", 0, "four\n")]
    assert list(lines_of(pieces)) == [("a", 1, "one"), ("a", 3, "three"), ("c", 1, "four")]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("01=1\n\n0101\n", CorpusError, "a.txt must hold a question, '=' and an answer in each line, but its line 3"),
        ("\n\n", CorpusError, "at least one line, not none"),
        ("01=1\n02=0\n", VocabularyError, "line 2 of a.txt: .* not '2' at position 2"),
    ],
)
def test_what_cannot_be_asked(network, text, error, message):
    with pytest.raises(error, match=message):
        score_exact_match(network, VOCABULARY, [Piece("a.txt", 0, text)])
