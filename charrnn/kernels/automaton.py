"""A suffix automaton of one text, which finds the passages shared with another text in one pass over the other.

The automaton of a text of N characters (Blumer et al. 1985) has one state for all substrings that end at the same set
of positions: at most 2 N states and 3 N edges. ``length`` is the length of a state's longest substring. ``link`` leads
to the state of its longest suffix that ends at further positions, too. A hash table finds the edge of a state and a
character.

A rolling hash of the last characters quickly skips passages that share nothing long with the text.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.jit import inlined, jit

Ints = npt.NDArray[np.int32]

ROOT = 0
"""The state of the empty substring."""

NONE = -1
"""Stands for a missing state, edge or position, and for a character that the text lacks."""

FACTOR = np.int64(0x5851F42D4C957F2D)
"""Multiplier of the rolling hash: an odd number with irregular bits."""


class Automaton(NamedTuple):
    """A suffix automaton: U states, S edges, and the hash table of edges."""

    length: Ints
    """(U,) length of each state's longest substring."""
    link: Ints
    """(U,) suffix link of each state."""
    edges: Ints
    """(U,) newest edge of each state."""
    source: Ints
    """(S,) state that each edge leaves."""
    character: Ints
    """(S,) character of each edge."""
    target: Ints
    """(S,) state that each edge leads to."""
    next: Ints
    """(S,) previous edge of the same state, or NONE."""
    table: Ints
    """(a power of two,) hash table of the edges, with linear probing."""


def automaton_of(text: Ints) -> tuple[Automaton, Ints]:
    """Build the automaton of a text (N,) of ids; returns it, and the state (N,) of each of the text's prefixes."""
    states, edges = 2 * len(text) + 2, 3 * len(text) + 3
    length, link, newest = np.empty((3, states), np.int32)
    source, character, target, following = np.empty((4, edges), np.int32)
    table = np.full(1 << (2 * edges).bit_length(), NONE, np.int32)
    automaton = Automaton(length, link, newest, source, character, target, following, table)
    prefixes = np.empty(len(text), np.int32)
    count = build(text, automaton, prefixes)
    return automaton._replace(length=length[:count], link=link[:count], edges=newest[:count]), prefixes


@inlined
def slot_of(automaton, state, character):
    """Index in the hash table at which an edge is stored, or would be inserted."""
    mask = automaton.table.shape[0] - 1
    slot = (state * 0x9E3779B1 + character * 0x85EBCA6B >> 7) & mask
    edge = automaton.table[slot]
    while edge >= 0 and (automaton.source[edge] != state or automaton.character[edge] != character):
        slot = (slot + 1) & mask
        edge = automaton.table[slot]
    return slot


@jit
def build(text, automaton, prefixes):
    """Fill the arrays of a text's ``automaton``; returns the number of its states."""
    length, link, newest, source, characters, target, following, table = automaton
    length[ROOT], link[ROOT], newest[ROOT] = 0, NONE, NONE
    states, edges, last = 1, 0, ROOT
    for place in range(text.shape[0]):
        character = text[place]
        current = states
        states += 1
        length[current], newest[current] = place + 1, NONE
        prefixes[place] = current
        state, edge = last, NONE
        while state != NONE:
            slot = slot_of(automaton, state, character)
            edge = table[slot]
            if edge != NONE:
                break
            table[slot], source[edges], characters[edges], target[edges] = edges, state, character, current
            following[edges], newest[state] = newest[state], edges
            edges += 1
            state = link[state]
        last = current
        if state == NONE:
            link[current] = ROOT
            continue
        old = target[edge]
        if length[old] == length[state] + 1:
            link[current] = old
            continue
        clone = states  # a copy of the old state, for those of its substrings that end here, too
        states += 1
        length[clone], link[clone], newest[clone] = length[state] + 1, link[old], NONE
        edge = newest[old]
        while edge != NONE:
            slot = slot_of(automaton, clone, characters[edge])
            table[slot], source[edges], characters[edges], target[edges] = edges, clone, characters[edge], target[edge]
            following[edges], newest[clone] = newest[clone], edges
            edges += 1
            edge = following[edge]
        while state != NONE:
            edge = table[slot_of(automaton, state, character)]
            if edge == NONE or target[edge] != old:
                break
            target[edge] = clone
            state = link[state]
        link[old], link[current] = clone, clone
    return states


@inlined
def edge_of(automaton, state, character):
    """The edge of a state and a character, or NONE; most states have a single edge."""
    edge = automaton.edges[state]
    if edge != NONE and automaton.character[edge] != character:
        edge = automaton.table[slot_of(automaton, state, character)]
    return edge


class Grams(NamedTuple):
    """The substrings of one length K of a text, found by a rolling hash (Karp and Rabin 1987)."""

    length: int
    """K."""
    place: Ints
    """(a power of two,) hash table with linear probing: the position where each substring ends; NONE if unused."""
    state: Ints
    """(a power of two,) the automaton's state of the substring in the same entry."""


def grams_of(text: Ints, length: int, automaton: Automaton, prefixes: Ints) -> Grams:
    """Build the table of all substrings with one ``length``, at least 1, of a text."""
    entries = 1 << (8 * len(text)).bit_length()
    grams = Grams(length, *np.full((2, entries), NONE, np.int32))
    collect(text, grams, automaton, prefixes)
    return grams


@inlined
def first_hash(text, length):
    """The hash of the first ``length`` characters, and the factor that removes the oldest one from a rolling hash."""
    value, power = np.int64(0), np.int64(1)
    for character in text[:length]:
        value = value * FACTOR + character
        power *= FACTOR
    return value, power


@inlined
def entry_of(grams, value, text, place, own):
    """Index in the hash table at which a substring is stored, or would be inserted.

    Args:
        grams: the table, which holds the substrings of the text ``own``.
        value: the substring's hash.
        text: a text that the substring is part of.
        place: index in ``text`` of the substring's last character.
        own: the text whose substrings are in the table.
    """
    mask = grams.place.shape[0] - 1
    entry = (value ^ value >> 29) & mask
    while grams.place[entry] != NONE:
        same = 0
        while same < grams.length and text[place - same] == own[grams.place[entry] - same]:
            same += 1
        if same == grams.length:
            break
        entry = (entry + 1) & mask
    return entry


@jit
def collect(text, grams, automaton, prefixes):
    """Fill the table of a text's substrings."""
    value, power = first_hash(text, grams.length)
    for place in range(grams.length - 1, text.shape[0]):
        if place >= grams.length:
            value = value * FACTOR + text[place] - text[place - grams.length] * power
        entry = entry_of(grams, value, text, place, text)
        if grams.place[entry] == NONE:
            state = prefixes[place]
            while automaton.length[automaton.link[state]] >= grams.length:
                state = automaton.link[state]
            grams.place[entry], grams.state[entry] = place, state


@jit
def follow(ids, text, grams, automaton, longest, state, matched):
    """Read a piece of another text, and record its matches of at least K characters with the automaton's text.

    Args:
        ids: (K + M,) the last K characters before the piece, then the piece, as ids of the automaton's text; NONE for
            characters that this text lacks.
        text: (N,) the automaton's text.
        grams: the text's substrings of length K.
        automaton: the text's automaton.
        longest: (U,) the longest match that has ended in each state; updated.
        state: the state after the previous piece; ROOT at first.
        matched: length of the match at the end of the previous piece if at least K, else 0.

    Returns:
        The state and the length of the match after this piece.
    """
    K = grams.length
    value, power = first_hash(ids, K)
    for place in range(K, ids.shape[0]):
        character = ids[place]
        value = value * FACTOR + character - ids[place - K] * power
        if matched:
            edge = edge_of(automaton, state, character)
            while edge == NONE and matched >= K:
                state = automaton.link[state]
                matched = automaton.length[state]
                edge = edge_of(automaton, state, character)
            if edge != NONE:
                state = automaton.target[edge]
                matched += 1
            if matched < K:
                matched = 0
        else:
            entry = entry_of(grams, value, ids, place, text)
            if grams.place[entry] != NONE:
                state, matched = grams.state[entry], K
        if matched:
            longest[state] = max(longest[state], matched)
    return state, matched


@jit
def spread(automaton, longest, shortest_first):
    """Carry each state's longest match over to the states along its suffix links.

    A match that ends in a state also ends, at least in part, in all states on the path of suffix links to the root.

    Args:
        automaton: the text's automaton.
        longest: (U,) from ``follow``; becomes the longest match that ends at each state's positions.
        shortest_first: (U,) the states in the order of their length.
    """
    for state in shortest_first[::-1]:
        link = automaton.link[state]
        if longest[state] and link != NONE:
            longest[link] = automaton.length[link]
    for state in shortest_first:
        if not longest[state] and state != ROOT:
            longest[state] = longest[automaton.link[state]]
