import math
from itertools import combinations, pairwise

import numpy as np
import pytest

from charrnn.scoring.novelty import MOST_PASSAGES, Passage, novelties
from charrnn.text.vocabulary import END


def maximal_matches(text, corpus):
    """All passages that cannot grow: (start, end)."""
    return [
        (i, j)
        for i in range(len(text))
        for j in range(i + 1, len(text) + 1)
        if text[i:j] in corpus
        and not (i > 0 and text[i - 1 : j] in corpus)
        and not (j < len(text) and text[i : j + 1] in corpus)
    ]


def check(found, text, matches):
    """See that a report is that of the plain search."""
    matches = [(i, j) for i, j in matches if j - i >= found.shortest]
    assert found.characters == len(text)
    assert found.copied == len({k for i, j in matches for k in range(i, j)})
    spans = [(passage.start, passage.start + len(passage.text)) for passage in found.passages]
    assert [text[i:j] for i, j in spans] == [passage.text for passage in found.passages]
    assert len({text[i:j] for i, j in {*spans} & {*matches}}) == len(spans) <= MOST_PASSAGES
    assert all(j <= k or m <= i for (i, j), (k, m) in combinations(spans, 2))
    sizes = [j - i for i, j in spans]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[:1] == sorted(j - i for i, j in matches)[-1:]
    if len(spans) < MOST_PASSAGES:
        told = {passage.text for passage in found.passages}
        assert all(text[i:j] in told or any(i < m and k < j for k, m in spans) for i, j in matches)


@pytest.mark.parametrize("alphabet", ["a", "ab", "a☃🎵\ufffdé"])
@pytest.mark.parametrize("lengths", [(1, 1, 1), (5, 40, 0), (60, 9, 60)])
def test_copies_are_those_of_the_plain_search(random, alphabet, lengths):
    def draw(length):
        return "".join(alphabet[i] for i in random.integers(0, len(alphabet), length))

    texts = [draw(length) for length in lengths]
    corpus = draw(30) + "\n" + draw(17) + texts[0] + texts[-1] + "z" + draw(300)
    pieces = [corpus[a:b] for a, b in pairwise([0, 1, 1, 40, len(corpus) - 3, len(corpus)])]
    texts = [text[: len(text) // 2] + "Q" + text[len(text) // 3 :] for text in texts]
    matches = [maximal_matches(text, corpus) for text in texts]
    for shortest in (1, 3, 6):
        for text, found, wanted in zip(texts, novelties(texts, pieces, shortest=shortest), matches, strict=True):
            check(found, text, wanted)


def test_a_passage_ends_where_the_text_leaves_the_corpus():
    corpus = "It was the best of times, it was the worst of times"
    text = "Oh, it was the best of all, the worst of times!"
    [found] = novelties([text], [corpus[:12], corpus[12:]], shortest=15)
    assert found.passages == (Passage(27, " the worst of times"), Passage(5, "t was the best of "))
    assert found.copied == len(" the worst of times") + len("t was the best of ")
    assert found.share == found.copied / len(text)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_whole_document_is_found_whatever_the_pieces(size):
    corpus = "".join(document + END for document in ["anna", "annabel", "x" * 90, "b", "eve"])
    pieces = [corpus[i : i + size] for i in range(0, len(corpus), size)]
    sought = {"anna": True, "annab": False, "nna": False, "b": True, "x" * 89: False, "eve": True, "": False}
    texts = ["text", *(document[1:] for document in sought)]
    found = novelties(texts, pieces, documents=[None, *sought], shortest=3)
    assert [each.document for each in found] == [None, *sought.values()]
    assert [each.copied for each in found][:4] == [0, 3, 4, 0]  # the passages are those of the texts alone
    assert [each.document for each in novelties(texts, pieces)] == [None] * len(texts)


def test_a_text_that_repeats_itself_takes_no_longer():
    [found] = novelties(["a" * 200_000], ["a" * 19 + "b"] * 3)
    assert (found.copied, found.passages) == (0, ())
    [found] = novelties(["a" * 200_000], ["a" * 150_000] * 2)
    assert (found.share, found.passages[0].start) == (1.0, 0)


@pytest.mark.parametrize(("texts", "corpus"), [([""], ["abc"]), (["abc", ""], []), (["abc"], ["", "xyz"])])
def test_nothing_is_copied_where_nothing_is(texts, corpus):
    for text, found in zip(texts, novelties(texts, corpus), strict=True):
        assert (found.characters, found.copied, found.passages) == (len(text), 0, ())
        assert math.isnan(found.share) == (not text)


def test_memory_and_time_do_not_grow_with_the_square(random):
    text = "".join(map(chr, random.integers(97, 123, 50_000)))
    corpus = "".join(map(chr, random.integers(97, 123, 500_000))) + text[20_000:30_000]
    [found] = novelties([text], np.array([corpus]))
    assert found.passages[0].start in range(19_990, 20_001)
    assert 10_000 <= found.copied <= 10_020
