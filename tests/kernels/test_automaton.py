import numpy as np
import pytest

from charrnn.kernels.automaton import NONE, ROOT, automaton_of, grams_of

# What follow and spread make of it is checked with a plain search in tests/scoring/test_novelty.py.


@pytest.fixture(params=[1, 2, 5])
def text(random, request):
    return np.concatenate([random.integers(0, request.param, 40), [0] * 5]).astype(np.int32)


def places_of(text, substring):
    """Where it ends."""
    return {
        end for end in range(len(substring) - 1, len(text)) if text[end + 1 - len(substring) : end + 1] == substring
    }


@pytest.fixture
def built(text):
    """The automaton, the states of the text's beginnings, and a function: which state a substring leads to."""
    automaton, prefixes = automaton_of(text)
    edges = {}
    for state, newest in enumerate(automaton.edges.tolist()):
        edge = newest
        while edge != NONE:
            assert automaton.source[edge] == state
            assert edges.setdefault((state, int(automaton.character[edge])), edge) == edge
            assert edge in automaton.table
            edge = int(automaton.next[edge])

    def walk(substring):
        state = ROOT
        for character in substring:
            if (state, character) not in edges:
                return NONE
            state = int(automaton.target[edges[state, character]])
        return state

    return automaton, prefixes, walk


def test_a_state_stands_for_the_substrings_that_end_at_the_same_places(text, built):
    automaton, prefixes, walk = built
    whole = text.tolist()
    states = {}
    for start in range(len(whole)):
        for end in range(start, len(whole)):
            substring = whole[start : end + 1]
            states.setdefault(walk(substring), []).append(substring)
    assert NONE not in states
    assert len(states) == len(automaton.length) - 1 <= 2 * len(text)
    for state, substrings in states.items():
        places = [places_of(whole, substring) for substring in substrings]
        assert all(each == places[0] for each in places)
        longest = max(substrings, key=len)
        assert automaton.length[state] == len(longest)
        shortest = min(map(len, substrings))
        assert walk(longest[len(longest) - shortest + 1 :]) == automaton.link[state]
    assert [walk(whole[: i + 1]) for i in range(len(whole))] == prefixes.tolist()
    assert walk([*whole, 0]) == NONE


@pytest.mark.parametrize("length", [1, 3, 45])
def test_grams_are_the_substrings_of_one_length(text, built, length):
    automaton, prefixes, walk = built
    grams = grams_of(text, length, automaton, prefixes)
    whole = text.tolist()
    found = [end for end in grams.place.tolist() if end != NONE]
    wanted = {tuple(whole[i : i + length]) for i in range(len(whole) - length + 1)}
    assert sorted(tuple(whole[end + 1 - length : end + 1]) for end in found) == sorted(wanted)
    for end, state in zip(grams.place.tolist(), grams.state.tolist(), strict=True):
        assert end == NONE or state == walk(whole[end + 1 - length : end + 1])
