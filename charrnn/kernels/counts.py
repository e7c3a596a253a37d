"""Counting what follows each context of a text: a tree of contexts, and the mixture of their counts.

A context of length k of place i is the k characters before it, read backwards. Contexts that begin alike are neighbours
once the places of a text are sorted by their contexts, so that each context is a range of places. Where all contexts of
a range go on alike, their counts are the same: only ranges that branch, or that cannot grow, have a node. So the tree
of a text of N characters has at most 2 N nodes, for contexts of any length (Weiner 1973; Kennington et al. 2012).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.jit import addressable, inlined, jit

i32 = np.int32


class Counts(NamedTuple):
    """What ``mix_counts`` reads; U nodes, S followers of those that stand for more than one place."""

    text: npt.NDArray[np.int32]
    """(N,) the text that was counted."""
    position: npt.NDArray[np.int32]
    """(U,) a place of each node."""
    length: npt.NDArray[np.int32]
    """(U,) the characters that all contexts of a node share."""
    first_child: npt.NDArray[np.int32]
    """(U + 1,)."""
    start: npt.NDArray[np.int64]
    """(U + 1,) where its followers begin; a node of one place has none, as the text tells."""
    follower: npt.NDArray[np.int32]
    """(S,) ids."""
    counts: npt.NDArray[np.int32]
    """(S,)."""
    discounts: npt.NDArray[np.float64]
    """(order, 4): of the counts 0, 1, 2 and all greater ones, for each length of context."""
    depth: int
    """The longest context: order - 1."""
    added: float
    """What each different follower adds to the sum of counts: 1 for Witten-Bell."""
    continuations: bool
    """Whether shorter contexts count the characters before them: for Kneser-Ney."""


@jit
def sort_places(text, depth, places, spare, firsts):
    """Sort ``places`` by their contexts of at most ``depth`` characters; what comes before the text goes first.

    A stable counting sort by each character of the context, the farthest first.

    Args:
        text: (N,) ids below V.
        depth: D.
        places: (N,) int32, written.
        spare: (N,) int32, a buffer.
        firsts: (V + 2,) int64, a buffer.
    """
    for i in range(text.shape[0]):
        places[i] = i
    for lag in range(depth, 0, -1):
        firsts[:] = 0
        for i in range(text.shape[0]):
            spare[i] = places[i]
            firsts[before(text, places[i], lag) + 1] += 1
        for symbol in range(firsts.shape[0] - 1):
            firsts[symbol + 1] += firsts[symbol]
        for i in range(text.shape[0]):
            symbol = before(text, spare[i], lag)
            places[firsts[symbol]] = spare[i]
            firsts[symbol] += 1


@inlined
def before(text, place, lag):
    """The id + 1 of what comes ``lag`` characters before a place; 0 for nothing."""
    return text[place - lag] + i32(1) if place >= lag else i32(0)


@jit
def measure_shared(text, depth, places, shared):
    """``shared[i]``: how many characters, at most ``depth``, contexts of ``places[i - 1]`` and ``places[i]`` share."""
    shared[0] = 0
    for i in range(1, text.shape[0]):
        left, right = places[i - 1], places[i]
        length = i32(0)
        while length < depth and length < min(left, right) and text[left - length - 1] == text[right - length - 1]:
            length += i32(1)
        shared[i] = length


@jit
def grow_tree(text, depth, places, shared, low, high, length, first_child, start, marks):
    """Make the nodes, the root first, then level by level; returns how many there are.

    Args:
        text: (N,).
        depth: D.
        places: sorted.
        shared: as ``measure_shared`` leaves them.
        low: (2 N,) int32, written: node u has the places ``low[u] <= i < high[u]``.
        high: likewise.
        length: (2 N,) int32, written: the characters that all its contexts share, D for a single place.
        first_child: (2 N + 1,) int32, written: its children are the nodes from here to the first child of the next.
        start: (2 N + 1,) int64, written: where its followers begin, and those of the next; a single place has none.
        marks: (V,) int64, a buffer.
    """
    marks[:] = -1
    low[0], high[0] = 0, text.shape[0]
    nodes, u = 1, 0
    start[0] = 0
    while u < nodes:
        first_child[u] = nodes
        start[u + 1] = start[u]
        length[u] = depth
        if high[u] - low[u] > 1:
            for i in range(low[u] + 1, high[u]):
                length[u] = min(length[u], shared[i])
            for i in range(low[u], high[u]):
                follower = text[places[i]]
                if marks[follower] != u:
                    marks[follower] = u
                    start[u + 1] += 1
            if length[u] < depth:
                low[nodes] = low[u]
                for i in range(low[u] + 1, high[u]):
                    if shared[i] == length[u]:
                        high[nodes] = i
                        nodes += 1
                        low[nodes] = i
                high[nodes] = high[u]
                nodes += 1
        u += 1
    first_child[nodes] = nodes
    return nodes


@jit
def count_followers(text, depth, places, low, high, length, first_child, start, continuations, follower, count, slots):
    """The characters that follow each node's contexts, and how often.

    Args:
        text: (N,).
        depth: D.
        places: sorted.
        low: as ``grow_tree`` leaves them; so are the others, cut to the number of nodes.
        high: see there.
        length: see there.
        first_child: see there.
        start: see there.
        continuations: count each follower of a context shorter than D once for each character before the context.
        follower: (S,) int32, written: ids.
        count: (S,) int32, written.
        slots: (2, V) int64, a buffer: where a follower is counted, and the child that was counted last.
    """
    slots[:] = -1
    for u in range(length.shape[0]):
        used = start[u]
        children = first_child[u + 1] - first_child[u]
        if start[u + 1] == used:
            continue
        for child in range(max(1, children)):
            c = first_child[u] + child
            i0, i1 = (low[c], high[c]) if children else (low[u], high[u])
            for i in range(i0, i1):
                w = text[places[i]]
                if not start[u] <= slots[0, w] < used or follower[slots[0, w]] != w:
                    slots[0, w] = used
                    slots[1, w] = -1
                    follower[used] = w
                    count[used] = 0
                    used += 1
                if not (continuations and children) or slots[1, w] != c:
                    slots[1, w] = c
                    count[slots[0, w]] += 1


@addressable
def mix_counts(weights, buffers, first, last):
    """Log probabilities of what follows, as logits; see ``charrnn.models.ngram.counts``.

    Args:
        weights: Counts.
        buffers: ``charrnn.kinds.contexts.ContextBuffers``; ``work`` is (T, B, V) float64.
        first: the first stream.
        last: one beyond the last stream.
    """
    seen = buffers.history.shape[0] - buffers.logits.shape[0]
    classes = buffers.work.shape[2]
    for t in range(buffers.logits.shape[0]):
        for b in range(first, last):
            p = buffers.work[t, b]
            for v in range(classes):
                p[v] = 1 / classes
            node, found, k = 0, True, 0
            mix_one(weights, node, k, p)
            while found and k < weights.depth:
                symbol = buffers.history[t + seen - k, b]
                k += 1
                node, found = longer(weights, node, k, symbol)
                if found:
                    mix_one(weights, node, k, p)
            for v in range(classes):
                buffers.logits[t, b, v] = np.log(p[v])


@inlined
def longer(weights, node, k, symbol):
    """The node of a context that has grown to ``k`` characters by ``symbol``, and whether there is one."""
    low, high = node, node + 1
    if k > weights.length[node]:
        low, high = weights.first_child[node], weights.first_child[node + 1]
    while high - low > 1:  # children are in the order of their symbols
        middle = (low + high) // 2
        if before(weights.text, weights.position[middle], k) <= symbol:
            low = middle
        else:
            high = middle
    return low, symbol > 0 and low < high and before(weights.text, weights.position[low], k) == symbol


@inlined
def mix_one(weights, node, k, p):
    """Mix the counts of a node, as a context of ``k`` characters, with ``p`` (V,), what shorter contexts say."""
    discounts = weights.discounts[k]
    start, end = weights.start[node], weights.start[node + 1]
    total, back = 0.0, 0.0
    for i in range(start, end):
        c = count_of(weights, node, k, i)
        total += c
        back += discounts[min(c, 3)]
    if start == end:
        total, back = 1.0, discounts[1]
    norm = total + weights.added * (1.0 if start == end else np.float64(end - start))
    scale = (back + norm - total) / norm
    for v in range(p.shape[0]):
        p[v] *= scale
    for i in range(start, end):
        c = count_of(weights, node, k, i)
        p[weights.follower[i]] += (c - discounts[min(c, 3)]) / norm
    if start == end:
        p[weights.text[weights.position[node]]] += (1.0 - discounts[1]) / norm


@inlined
def count_of(weights, node, k, i):
    """The count of follower ``i``: 1 for continuations of a context that always has the same character before it."""
    return 1 if weights.continuations and k < weights.length[node] else weights.counts[i]
