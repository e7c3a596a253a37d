"""N-gram counts: a tree of a text's contexts, and the interpolation of their counts.

The context of length k at position i is the k characters before i, read backwards. Once the positions are sorted by
their contexts, each context is a range of positions. If a range's contexts all continue with the same character, the
longer context has the same range and counts. So only ranges that branch, or that cannot grow, get a node: at most 2 N
nodes for a text of N characters and contexts of any length (Weiner 1973; Kennington et al. 2012).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.jit import addressable, inlined, jit

i32 = np.int32


class Counts(NamedTuple):
    """The counts of a text: U nodes, and S followers of the nodes that have more than one position."""

    text: npt.NDArray[np.int32]
    """(N,) the counted text."""
    position: npt.NDArray[np.int32]
    """(U,) one position of each node."""
    length: npt.NDArray[np.int32]
    """(U,) number of characters that all contexts of a node share."""
    first_child: npt.NDArray[np.int32]
    """(U + 1,) first child of each node; its children end where the next node's begin."""
    start: npt.NDArray[np.int64]
    """(U + 1,) index of each node's first follower. A node of one position has none: the text holds it."""
    follower: npt.NDArray[np.int32]
    """(S,) ids of the followers."""
    counts: npt.NDArray[np.int32]
    """(S,) counts of the followers."""
    discounts: npt.NDArray[np.float64]
    """(order, 4) discounts of the counts 0, 1, 2 and 3 or more, for each length of context."""
    depth: int
    """Length of the longest context: order - 1."""
    added: float
    """Added to the sum of counts for each distinct follower: 1 for Witten-Bell, else 0."""
    continuations: bool
    """Whether shorter contexts count distinct preceding characters, as in Kneser-Ney."""


@jit
def sort_places(text, depth, places, spare, firsts):
    """Sort the text's positions by their contexts; the text's start sorts before all characters.

    It is a radix sort: a stable counting sort by each character of the context, from the farthest to the nearest.

    Args:
        text: (N,) ids below V.
        depth: D.
        places: (N,) int32, written: the sorted positions.
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
    """The id + 1 of the character ``lag`` positions before ``place``; 0 before the text's start."""
    return text[place - lag] + i32(1) if place >= lag else i32(0)


@jit
def measure_shared(text, depth, places, shared):
    """Fill ``shared[i]`` with the length, at most ``depth``, that contexts of sorted positions i - 1 and i share."""
    shared[0] = 0
    for i in range(1, text.shape[0]):
        left, right = places[i - 1], places[i]
        length = i32(0)
        while length < depth and length < min(left, right) and text[left - length - 1] == text[right - length - 1]:
            length += i32(1)
        shared[i] = length


@jit
def grow_tree(text, depth, places, shared, low, high, length, first_child, start, marks):
    """Build the tree's nodes, level by level from the root; returns their number.

    Args:
        text: (N,) ids below V.
        depth: D.
        places: (N,) from ``sort_places``.
        shared: (N,) from ``measure_shared``.
        low: (2 N,) int32, written: node u has the sorted positions ``low[u] <= i < high[u]``.
        high: (2 N,) int32, written.
        length: (2 N,) int32, written: see ``Counts``; D for a node of one position.
        first_child: (2 N + 1,) int32, written: see ``Counts``.
        start: (2 N + 1,) int64, written: see ``Counts``.
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
    """Count the characters that follow each node's contexts.

    Args:
        text: (N,) ids below V.
        depth: D.
        places: (N,) from ``sort_places``.
        low: from ``grow_tree``.
        high: from ``grow_tree``.
        length: (U,) from ``grow_tree``.
        first_child: (U + 1,) from ``grow_tree``.
        start: (U + 1,) from ``grow_tree``.
        continuations: whether contexts shorter than D count a follower once for each distinct character before them.
        follower: (S,) int32, written: ids.
        count: (S,) int32, written.
        slots: (2, V) int64, a buffer: each follower's index, and the child that counted it last.
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


@jit
def count_places(first_child, start, counts, places):
    """Fill ``places`` (U,) with the number of times that the text holds each node's contexts; see ``Counts``."""
    for u in range(places.shape[0] - 1, -1, -1):
        places[u] = 0
        for child in range(first_child[u], first_child[u + 1]):
            places[u] += places[child]
        if first_child[u] == first_child[u + 1]:
            for i in range(start[u], start[u + 1]):
                places[u] += counts[i]
            places[u] = max(places[u], 1)


@addressable
def mix_counts(weights, buffers, first, last):
    """Write the log probabilities of the next character as logits; see ``charrnn.models.ngram.counts``.

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
    """Extend a context by ``symbol`` to ``k`` characters; returns its node, and whether the text holds it."""
    low, high = node, node + 1
    if k > weights.length[node]:
        low, high = weights.first_child[node], weights.first_child[node + 1]
    while high - low > 1:  # a binary search, as children are sorted by their symbols
        middle = (low + high) // 2
        if before(weights.text, weights.position[middle], k) <= symbol:
            low = middle
        else:
            high = middle
    return low, symbol > 0 and low < high and before(weights.text, weights.position[low], k) == symbol


@inlined
def mix_one(weights, node, k, p):
    """Interpolate a node's counts, for a context of ``k`` characters, with ``p`` (V,) of the shorter contexts."""
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
    """The count of follower ``i``. A continuation counts 1 if the same character always precedes the context."""
    return 1 if weights.continuations and k < weights.length[node] else weights.counts[i]


@jit
def add_nats(weights, classes, symbols, starts, nats, first, last):
    """Write -ln p of whole sequences, by the same interpolation as ``mix_counts``.

    Before a sequence, its last symbol is repeated.

    Args:
        weights: Counts.
        classes: V.
        symbols: the ids of all sequences, one after the other.
        starts: (N + 1,) where each sequence begins, and where the last one ends.
        nats: (N,) written.
        first: the first sequence.
        last: one beyond the last sequence.
    """
    for n in range(first, last):
        begin, end = starts[n], starts[n + 1]
        total = 0.0
        for t in range(begin, end):
            symbol, p = symbols[t], 1 / classes
            node, found, k = 0, True, 0
            while found:
                p = one_of(weights, node, k, symbol, p)
                if k == weights.depth:
                    break
                place = t - 1 - k
                k += 1
                node, found = longer(weights, node, k, symbols[place if place >= begin else end - 1] + 1)
            total -= np.log(p)
        nats[n] = total


@inlined
def one_of(weights, node, k, symbol, p):
    """As ``mix_one``, for the probability ``p`` of a single symbol; returns it."""
    discounts = weights.discounts[k]
    start, end = weights.start[node], weights.start[node + 1]
    if start == end:
        norm = 1.0 + weights.added
        own = (1.0 - discounts[1]) / norm if weights.text[weights.position[node]] == symbol else 0.0
        return p * (discounts[1] + norm - 1.0) / norm + own
    total, back, own = 0.0, 0.0, 0.0
    for i in range(start, end):
        c = count_of(weights, node, k, i)
        total += c
        back += discounts[min(c, 3)]
        if weights.follower[i] == symbol:
            own = c - discounts[min(c, 3)]
    norm = total + weights.added * np.float64(end - start)
    return (p * (back + norm - total) + own) / norm
