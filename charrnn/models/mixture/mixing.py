"""Kernels that mix the members' distributions, weighted by a gate.

With the members' probabilities p[m] and the gate's weights w[m], the mixture's probability is

    p(v) = sum over m of w[m] p[m](v),    w = softmax(gate z),    z = (1, h[1], sqrt h[1], ..., h[M], sqrt h[M])

where h[m] is the entropy of p[m] in nats: what a member's own certainty is worth. The gate is a matrix M x (1 + 2 M)
(Jacobs, Jordan, Nowlan and Hinton 1991, "Adaptive mixtures of local experts", with entropies as the gate's input).
"""

import numpy as np

from charrnn.kernels.activations import exp
from charrnn.kernels.cross_entropy import highest
from charrnn.kernels.jit import inlined, jit


@inlined
def measure_row(row, classes):
    """The logarithm of the sum of exp(logits), and the entropy of their softmax in nats."""
    top = highest(row, classes)
    total, expected = row.dtype.type(0), row.dtype.type(0)
    for v in range(classes):
        shifted = row[v] - top
        e = exp(shifted)
        total += e
        expected += e * max(shifted, row.dtype.type(-1e30))  # 0 times minus infinity is not 0
    log_total = np.log(np.float64(total))
    return log_total + np.float64(top), log_total - np.float64(expected) / np.float64(total)


@inlined
def weigh_row(gate, entropies, weights, n):
    """Fill ``weights[:, n]`` (M,) with the gate's weights for ``entropies[:, n]``, which rounding may make negative."""
    members = gate.shape[0]
    top = -np.inf
    for m in range(members):
        score = gate[m, 0]
        for other in range(members):
            entropy = max(entropies[other, n], 0.0)
            score += gate[m, 1 + 2 * other] * entropy + gate[m, 2 + 2 * other] * np.sqrt(entropy)
        weights[m, n] = score
        top = max(top, score)
    total = 0.0
    for m in range(members):
        weights[m, n] = np.exp(weights[m, n] - top)
        total += weights[m, n]
    for m in range(members):
        weights[m, n] /= total


@inlined
def add_row(row, classes, normaliser, weight, mixed):
    """Add ``weight`` times the softmax of logits to ``mixed`` (at least V,)."""
    shift, factor = row.dtype.type(normaliser), mixed.dtype.type(weight)
    for v in range(classes):
        mixed[v] += factor * exp(min(row[v] - shift, row.dtype.type(0)))


@jit
def measure(logits, classes, normalisers, entropies, first, last):
    """Measure a member's distributions.

    Args:
        logits: (T, B, at least V).
        classes: V.
        normalisers: (T, B) float64, written: see ``measure_row``, like the next one.
        entropies: (T, B) float64, written.
        first: the first stream.
        last: one beyond the last stream.
    """
    for t in range(logits.shape[0]):
        for b in range(first, last):
            normalisers[t, b], entropies[t, b] = measure_row(logits[t, b], classes)


@jit
def begin_mix(gate, entropies, weights, mixed, first, last):
    """Compute the weights (M, T, B) from the entropies (M, T, B), and set the mixed probabilities (T, B, V) to 0."""
    for t in range(mixed.shape[0]):
        for b in range(first, last):
            weigh_row(gate, entropies[:, t], weights[:, t], b)
            mixed[t, b] = 0


@jit
def add_member(logits, classes, normalisers, weights, mixed, first, last):
    """Add a member's weighted probabilities; the arrays are as in ``measure``, the weights (T, B)."""
    for t in range(logits.shape[0]):
        for b in range(first, last):
            add_row(logits[t, b], classes, normalisers[t, b], weights[t, b], mixed[t, b])


@jit
def end_mix(mixed, classes, first, last):
    """Turn mixed probabilities into their logarithms."""
    for t in range(mixed.shape[0]):
        for b in range(first, last):
            log_row(mixed[t, b], classes)


@inlined
def log_row(row, classes):
    """Turn probabilities into their logarithms; those that are too small for their type become its smallest number."""
    least = np.finfo(row.dtype).tiny
    for v in range(classes):
        row[v] = np.log(max(row[v], least))
