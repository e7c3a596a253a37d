from itertools import pairwise

import numpy as np
import pytest

from charrnn.kernels.counts import grow_tree, measure_shared, sort_places

# What is counted and how it is mixed is checked with the formulas in tests/model/test_ngram.py.


def context(text, place, depth):
    """The characters before a place, the nearest first, as ids + 1; what comes before the text is 0."""
    return tuple((text[place - lag] + 1 if place >= lag else 0) for lag in range(1, depth + 1))


def shared_length(text, left, right, depth):
    pairs = zip(context(text, left, depth), context(text, right, depth), strict=True)
    return next((k for k, (a, b) in enumerate(pairs) if a != b or a == 0), depth)


@pytest.fixture(params=[0, 1, 3, 12])
def depth(request):
    return request.param


@pytest.fixture
def text(random):
    return np.concatenate([random.integers(0, 4, 30), np.tile([1, 2, 2], 10), [0] * 9]).astype(np.int32)


def sorted_places(text, depth):
    places, spare = np.empty((2, len(text)), np.int32)
    sort_places(text, depth, places, spare, np.empty(text.max() + 3, np.int64))
    measure_shared(text, depth, places, spare)
    return places, spare


def test_places_are_sorted_by_their_contexts(text, depth):
    places, shared = sorted_places(text, depth)
    wanted = sorted(range(len(text)), key=lambda place: (context(text, place, depth), place))
    assert places.tolist() == wanted
    assert shared[1:].tolist() == [shared_length(text, left, right, depth) for left, right in pairwise(wanted)]


def test_each_node_is_a_context_that_branches_or_cannot_grow(text, depth):
    places, shared = sorted_places(text, depth)
    low, high, length, first_child = np.empty((4, 2 * len(text) + 1), np.int32)
    start, marks = np.empty(2 * len(text) + 1, np.int64), np.empty(4, np.int64)
    nodes = grow_tree(text, depth, places, shared, low, high, length, first_child, start, marks)
    assert (low[0], high[0]) == (0, len(text))
    for u in range(nodes):
        own = places[low[u] : high[u]]
        children = range(first_child[u], first_child[u + 1])
        if len(own) == 1:
            assert (length[u], len(children), start[u + 1] - start[u]) == (depth, 0, 0)
            continue
        assert length[u] == min(shared_length(text, a, b, depth) for a in own for b in own if a != b)
        assert start[u + 1] - start[u] == len(set(text[own].tolist()))
        assert len(children) != 1
        assert (len(children) == 0) == (length[u] == depth)
        if children:
            assert [low[c] for c in children] == [low[u], *(high[c] for c in children[:-1])]
            assert high[children[-1]] == high[u]
