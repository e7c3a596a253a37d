"""Kernels that align two sequences.

An alignment cuts both sequences into pieces that belong together. A unit is a piece of the first sequence, of 1 or 2
symbols, with its piece of the second one, of 0 to 2 symbols; MOVES lists the lengths that are allowed.

The alignments of sequences of n and m symbols are the paths through a lattice of (n + 1) (m + 1) cells. Cell (i, j)
stands for the first i and the first j symbols, and an edge between two cells for a unit.

A unit's key is a number with four digits, two of base V + 1 and two of base W + 1: its symbols plus 1, with 0 for none.
"""

import numpy as np

from charrnn.kernels.jit import inlined, jit

MOVES = ((1, 0), (1, 1), (1, 2), (2, 1))
"""Symbols of the first and of the second sequence that a unit consumes."""

EDGES = len(MOVES)


@inlined
def key_of(x, i, a, y, j, b, V, W):
    """The key of the unit that ends before x[i] and y[j] and consumes ``a`` and ``b`` symbols."""
    key = np.int64(0)
    for t in range(2):
        key = key * (V + 1) + (x[i - a + t] + 1 if t < a else 0)
    for t in range(2):
        key = key * (W + 1) + (y[j - b + t] + 1 if t < b else 0)
    return key


@inlined
def log_add(one, other):
    """ln(exp(one) + exp(other))."""
    top, low = max(one, other), min(one, other)
    return top if low == -np.inf else top + np.log1p(np.exp(low - top))


@jit
def write_keys(x, y, V, W, keys):
    """Write the keys of all edges of a lattice; -1 stands for an edge that would begin outside of the lattice.

    Args:
        x: (n,) symbols below V.
        y: (m,) symbols below W.
        V: number of symbols of the first sequence.
        W: number of symbols of the second one.
        keys: ((n + 1) (m + 1) EDGES,) int64, written: by the cell in which an edge ends.
    """
    k = 0
    for i in range(len(x) + 1):
        for j in range(len(y) + 1):
            for move in range(EDGES):
                a, b = MOVES[move]
                keys[k] = key_of(x, i, a, y, j, b, V, W) if i >= a and j >= b else -1
                k += 1


@jit
def expect(edges, starts, lengths, logp, forward, backward, counts):
    """Add the expected number of times that each unit is used, given the pairs; returns the log likelihood.

    The sums over all alignments are those of the forward-backward algorithm.

    Args:
        edges: the unit of each edge, or -1; the pairs' lattices one after the other, as in ``write_keys``.
        starts: (N,) where each lattice begins.
        lengths: (N, 2) n and m of each pair.
        logp: (U,) log probabilities of the units.
        forward: (n + 1, m + 1) of the largest lattice, a buffer.
        backward: likewise.
        counts: (U,) added to.
    """
    total = 0.0
    for pair in range(len(starts)):
        n, m, start = lengths[pair, 0], lengths[pair, 1], starts[pair]
        for i in range(n + 1):
            for j in range(m + 1):
                forward[i, j] = 0.0 if i == 0 and j == 0 else -np.inf
                backward[i, j] = 0.0 if i == n and j == m else -np.inf
                for move in range(EDGES):
                    unit = edges[start + (i * (m + 1) + j) * EDGES + move]
                    if unit >= 0:
                        before = forward[i - MOVES[move][0], j - MOVES[move][1]]
                        forward[i, j] = log_add(forward[i, j], before + logp[unit])
        whole = forward[n, m]
        if whole == -np.inf:
            continue
        total += whole
        for i in range(n, -1, -1):
            for j in range(m, -1, -1):
                for move in range(EDGES):
                    unit = edges[start + (i * (m + 1) + j) * EDGES + move]
                    if unit >= 0 and backward[i, j] > -np.inf:
                        before_i, before_j = i - MOVES[move][0], j - MOVES[move][1]
                        after = backward[i, j] + logp[unit]
                        backward[before_i, before_j] = log_add(backward[before_i, before_j], after)
                        counts[unit] += np.exp(forward[before_i, before_j] + after - whole)
    return total


@jit
def align_pair(x, y, V, W, keys, logp, best, chosen, units):
    """Find the most probable alignment of two sequences (Viterbi 1967).

    Args:
        x: (n,) symbols below V.
        y: (m,) symbols below W.
        V: see ``write_keys``, like the next one.
        W: see there.
        keys: (U,) the units' keys, sorted.
        logp: (U,) their log probabilities.
        best: (at least n + 1, at least m + 1) float64, a buffer.
        chosen: likewise, of int64.
        units: (at least n,) int64, written: the units' places in ``keys``.

    Returns:
        The number of units; -1 if none of the alignments consists of known units.
    """
    n, m = len(x), len(y)
    for i in range(n + 1):
        for j in range(m + 1):
            best[i, j] = 0.0 if i == 0 and j == 0 else -np.inf
            for move in range(EDGES):
                a, b = MOVES[move]
                if i < a or j < b or best[i - a, j - b] == -np.inf:
                    continue
                at = place_of_key(keys, key_of(x, i, a, y, j, b, V, W))
                if at >= 0 and best[i - a, j - b] + logp[at] > best[i, j]:
                    best[i, j] = best[i - a, j - b] + logp[at]
                    chosen[i, j] = at * EDGES + move
    if best[n, m] == -np.inf:
        return -1
    count, i, j = 0, n, m
    while i > 0:
        units[count] = chosen[i, j] // EDGES
        move = chosen[i, j] % EDGES
        i, j = i - MOVES[move][0], j - MOVES[move][1]
        count += 1
    for t in range(count // 2):
        units[t], units[count - 1 - t] = units[count - 1 - t], units[t]
    return count


@inlined
def place_of_key(keys, key):
    """The index of ``key`` in the sorted ``keys``; -1 if it is not among them."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == key else -1
