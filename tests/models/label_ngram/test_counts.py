import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.label_ngram.counts import ROW_COUNTS, LabelNgrams, by_bayes, check_label_arrays
from charrnn.text.examples import Example, Examples
from charrnn.text.vocabulary import END, Vocabulary

ROWS = [("ab", "x"), ("aab", "x"), ("ba", "y"), ("abc", "x"), ("bab", "y")]
VOCABULARY = Vocabulary("abc" + END, documents="line")


def counted(rows=ROWS, labels=("x", "y"), **options):
    config = LabelNgramConfig(4, end_symbol=True, labels=labels, **options)
    return LabelNgrams.count(config, Examples(tuple(Example(*row) for row in rows), VOCABULARY))


def naive(rows, label, text, order):
    """Witten and Bell's probability of a text and its end, from the counts of contexts within texts."""
    between = "$" * (order - 1)
    seen = between + "".join(given + between for given, of in rows if of == label)
    whole, p = between + text + "$", 1.0
    for at in range(order - 1, len(whole)):
        own = 1 / 4
        for k in range(order):
            context = whole[at - k : at]
            followers = [seen[i] for i in range(k, len(seen)) if seen[i - k : i] == context]
            if not followers:
                break
            types = len(set(followers))
            own = (followers.count(whole[at]) + types * own) / (len(followers) + types)
        p *= own
    return p


@pytest.mark.parametrize("order", [2, 3, 4])
def test_the_probabilities_are_those_of_bayes_rule(order):
    model, texts = counted(order=order, smoothing="witten-bell"), ["ab", "b", "cab", "ccc"]
    found = np.exp(model.log_probabilities([VOCABULARY.encode(text) for text in texts]))
    for text, row in zip(texts, found, strict=True):
        x, y = 3 / 5 * naive(ROWS, "x", text, order), 2 / 5 * naive(ROWS, "y", text, order)
        assert row == pytest.approx([x / (x + y), y / (x + y)], rel=1e-5)
    assert found.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("smoothing", ["witten-bell", "kneser-ney"])
def test_a_text_is_the_same_alone_and_among_others(smoothing):
    model = counted(smoothing=smoothing)
    texts = [VOCABULARY.encode(text) for text in ("a", "abcabcab", "", "bab")]
    together = model.nats_of_each(texts)
    for at, text in enumerate(texts):
        assert np.array_equal(model.nats_of_each([text])[:, 0], together[:, at])


def test_a_label_without_rows_is_never_the_answer():
    model = counted(labels=("x", "y", "z"))
    assert np.exp(model.log_probabilities([VOCABULARY.encode("ab")]))[0, 2] == 0
    assert by_bayes(np.array([[1.0], [2.0]]), [0, 5]).tolist() == [[-np.inf, 0.0]]


def test_a_model_comes_back_from_its_tensors():
    model = counted()
    tensors = model.to_tensors()
    loaded = LabelNgrams.load(model.config, tensors)
    texts = [VOCABULARY.encode("abc")]
    assert np.array_equal(loaded.log_probabilities(texts), model.log_probabilities(texts))
    assert loaded.size == model.size
    for rows in (None, np.array([1]), np.array([1, -1]), np.array([0, 0]), np.array([1.0, 2.0])):
        with pytest.raises(CheckpointError, match=r"tensor label\.rows must"):
            check_label_arrays(model.config, {**tensors, ROW_COUNTS: rows})
    del tensors["label1.ngram.counts"]
    with pytest.raises(CheckpointError, match=r"no tensor ngram\.counts"):
        check_label_arrays(model.config, tensors)


def test_all_texts_of_a_length_have_a_probability_of_at_most_one():
    model = counted()
    every = [VOCABULARY.encode(a + b) for a in "abc" for b in "abc"]
    shorter = [VOCABULARY.encode(a) for a in ("", "a", "b", "c")]
    for nats in model.nats_of_each(every + shorter):
        assert 0.3 < np.exp(-nats).sum() < 1
