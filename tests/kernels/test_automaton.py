import numpy as np
import pytest

from charrnn.kernels.automaton import NONE, ROOT, automaton_of, grams_of, slot_of

# What follow and spread make of it is checked with a plain search in tests/scoring/test_novelty.py.


@pytest.fixture(params=[1, 2, 5])
def text(random, request):
    return np.concatenate([random.integers(0, request.param, 40), [0] * 5]).astype(np.int32)


def places_of(text, substring):
    """Where it ends."""
    return {
        end for end in range(len(substring) - 1, len(text)) if text[end + 1 - len(substring) : end + 1] == substring
    }


def walk(automaton, substring):
    """The state that the characters of a substring lead to."""
    state = ROOT
    for character in substring:
        edge = automaton.table[slot_of.py_func(automaton, state, character)]
        state = NONE if edge == NONE else automaton.target[edge]
        if state == NONE:
            return NONE
    return int(state)


def test_a_state_stands_for_the_substrings_that_end_at_the_same_places(text):
    automaton, prefixes = automaton_of(text)
    whole = text.tolist()
    states = {}
    for start in range(len(whole)):
        for end in range(start, len(whole)):
            substring = whole[start : end + 1]
            states.setdefault(walk(automaton, substring), []).append(substring)
    assert NONE not in states
    assert len(states) == len(automaton.length) - 1 <= 2 * len(text)
    for state, substrings in states.items():
        places = [places_of(whole, substring) for substring in substrings]
        assert all(each == places[0] for each in places)
        longest = max(substrings, key=len)
        assert automaton.length[state] == len(longest)
        shortest = min(map(len, substrings))
        assert walk(automaton, longest[len(longest) - shortest + 1 :]) == automaton.link[state]
    assert [walk(automaton, whole[: i + 1]) for i in range(len(whole))] == prefixes.tolist()
    assert walk(automaton, [*whole, 0]) == NONE


@pytest.mark.parametrize("length", [1, 3, 45])
def test_grams_are_the_substrings_of_one_length(text, length):
    automaton, prefixes = automaton_of(text)
    grams = grams_of(text, length, automaton, prefixes)
    whole = text.tolist()
    found = [end for end in grams.place.tolist() if end != NONE]
    wanted = {tuple(whole[i : i + length]) for i in range(len(whole) - length + 1)}
    assert sorted(tuple(whole[end + 1 - length : end + 1]) for end in found) == sorted(wanted)
    for end, state in zip(grams.place.tolist(), grams.state.tolist(), strict=True):
        assert end == NONE or state == walk(automaton, whole[end + 1 - length : end + 1])
