"""Alignment of pairs, against sums and maxima over all alignments."""

import numpy as np
import pytest

from charrnn.kernels.alignment import EDGES, MOVES, align_pair, expect, write_keys

V, W = 3, 4


def alignments(x, y):
    """All alignments of two sequences, each as the keys of its units."""
    if not len(x) and not len(y):
        yield ()
    for a, b in MOVES:
        if a <= len(x) and b <= len(y):
            digits = [*(x[:a] + 1), *[0] * (2 - a)], [*(y[:b] + 1), *[0] * (2 - b)]
            key = ((digits[0][0] * (V + 1) + digits[0][1]) * (W + 1) + digits[1][0]) * (W + 1) + digits[1][1]
            for rest in alignments(x[a:], y[b:]):
                yield (int(key), *rest)


@pytest.fixture
def pairs(random):
    return [
        (random.integers(0, V, n).astype(np.int32), random.integers(0, W, m).astype(np.int32))
        for n, m in ((1, 1), (3, 2), (4, 5), (2, 4), (5, 3))
    ]


@pytest.fixture
def keys(pairs):
    return np.unique([key for x, y in pairs for units in alignments(x, y) for key in units])


def test_expected_counts_are_sums_over_all_alignments(pairs, keys, random):
    logp = np.log(random.dirichlet(np.ones(len(keys))))
    lengths = np.array([(len(x), len(y)) for x, y in pairs])
    starts = np.concatenate([[0], np.cumsum((lengths + 1).prod(axis=1) * EDGES)])
    edges = np.empty(starts[-1], np.int64)
    for (x, y), start, end in zip(pairs, starts, starts[1:], strict=False):
        write_keys(x, y, V, W, edges[start:end])
    assert set(edges) >= {-1, *keys}
    edges = np.array([np.searchsorted(keys, key) if key in set(keys) else -1 for key in edges])
    counts = np.zeros(len(keys))
    total = expect(edges, starts[:-1], lengths, logp, *np.empty((2, 6, 6)), counts)
    wanted, whole = np.zeros(len(keys)), 0.0
    for x, y in pairs:
        paths = [np.searchsorted(keys, units) for units in alignments(x, y)]
        likelihood = np.array([np.exp(logp[path].sum()) for path in paths])
        whole += np.log(likelihood.sum())
        for path, share in zip(paths, likelihood / likelihood.sum(), strict=True):
            np.add.at(wanted, path, share)
    assert total == pytest.approx(whole)
    np.testing.assert_allclose(counts, wanted, rtol=1e-10, atol=1e-12)


def test_an_alignment_is_the_most_probable_one(pairs, keys, random):
    logp = np.log(random.dirichlet(np.ones(len(keys))))
    units = np.empty(9, np.int64)
    buffers = np.empty((6, 6)), np.empty((6, 6), np.int64)
    for x, y in pairs:
        best = max(alignments(x, y), key=lambda path: logp[np.searchsorted(keys, path)].sum())
        count = align_pair(x, y, V, W, keys, logp, *buffers, units)
        assert tuple(keys[units[:count]]) == best


def test_what_known_units_do_not_give_is_not_aligned(pairs, keys):
    x, y = pairs[0]
    strange = keys[:0]
    assert align_pair(x, y, V, W, strange, np.empty(0), np.empty((6, 6)), np.empty((6, 6), np.int64), np.empty(9)) == -1
