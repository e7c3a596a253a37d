"""Random numbers and categorical draws.

The generator is xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64 as its authors advise. Its state is an
array of four 64-bit integers, which can be saved and restored.

A draw divides the logits by the temperature. It then keeps the ``top_k`` most probable classes; of these, the smallest
set with at least the fraction ``top_p`` of their probability (Holtzman et al. 2020); and of these, the classes with at
least ``min_p`` times the largest probability (Nguyen et al. 2024). Hugging Face's ``generate`` uses the same
order; llama.cpp applies the temperature last.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.activations import exp
from charrnn.kernels.jit import inlined, jit

u64 = np.uint64
MASK = (1 << 64) - 1


class Rules(NamedTuple):
    """How a class is drawn from logits."""

    temperature: float
    """Divisor of the logits; 0 takes the largest logit."""
    top_k: int = 0
    """Number of classes to keep; 0 keeps all."""
    top_p: float = 1.0
    """Probability mass to keep; 1 keeps all."""
    min_p: float = 0.0
    """Least probability to keep, as a fraction of the largest; 0 keeps all."""


def generator(seed: int, stream: int = 0) -> npt.NDArray[np.uint64]:
    """State (4,) of a random generator; each ``stream`` gives another sequence for the same seed."""
    state = []
    x = (seed + stream * 0xD1342543DE82EF95) & MASK
    for _ in range(4):
        x = (x + 0x9E3779B97F4A7C15) & MASK
        z = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        state.append(z ^ (z >> 31))
    return np.array(state, np.uint64)


@inlined
def uniform(state):
    """The next random number in [0, 1), of 53 bits; advances ``state`` (4,)."""
    product = state[1] * u64(5)
    result = (product << u64(7) | product >> u64(57)) * u64(9)
    shifted = state[1] << u64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = state[3] << u64(45) | state[3] >> u64(19)
    return np.float64(result >> u64(11)) * 2.0**-53


@jit
def fill_uniform(state, values):
    """Fill ``values`` (N,), float64, with the next numbers in [0, 1); advances ``state`` (4,)."""
    for i in range(len(values)):
        values[i] = uniform(state)


@inlined
def weigh(logits, classes, temperature, weights):
    """``weights[v] = exp((logits[v] - max logits) / temperature)``; returns the maximum and the weights' sum.

    Args:
        logits: (at least V,).
        classes: V.
        temperature: above 0.
        weights: (at least V,), written.
    """
    top = logits[0]
    for v in range(1, classes):
        if logits[v] > top:
            top = logits[v]
    total = 0.0
    for v in range(classes):
        weight = exp(weights.dtype.type((np.float64(logits[v]) - np.float64(top)) / temperature))
        weights[v] = weight
        total += np.float64(weight)
    return np.float64(top), total


@inlined
def goes_before(weights, first, second):
    """Whether the first class has the larger weight, or the same weight and the smaller id."""
    return weights[first] > weights[second] or (weights[first] == weights[second] and first < second)


@inlined
def sink(weights, heap, place, size):
    """Sift down the class at ``place`` in a heap of ``size`` classes, whose root has the largest weight."""
    sinking = heap[place]
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and goes_before(weights, heap[child + 1], heap[child]):
            child += 1
        rising = heap[child]
        if not goes_before(weights, rising, sinking):
            break
        heap[place] = rising
        place = child
    heap[place] = sinking


@inlined
def keep_largest(weights, classes, most, mass, heap):
    """Keep the largest weights, at most ``most``, until they sum to ``mass``; set the others to 0.

    Returns the sum of the kept weights. They are taken from a heap (Williams 1964): as a rule few are kept, and sorting
    all would take longer. Of equal weights, those of smaller ids are kept.

    Args:
        weights: (at least V,).
        classes: V.
        most: number of weights to keep, at least 1.
        mass: sum to reach, above 0.
        heap: (at least V,) integers, a buffer.
    """
    for v in range(classes):
        heap[v] = v
    place, left, total = classes // 2, classes, 0.0
    while place > 0 or (left > max(0, classes - most) and total < mass):
        if place > 0:  # build the heap from its end
            place -= 1
        else:  # take the root
            total += np.float64(weights[heap[0]])
            left -= 1
            heap[0] = heap[left]
        sink(weights, heap, place, left)
    for place in range(left):
        weights[heap[place]] = 0
    return total


@inlined
def rank(weights, classes, ranked):
    """Fill ``ranked`` (at most V,) with the classes of the largest weights, largest first; overwrites their weights."""
    for place in range(ranked.shape[0]):
        best = 0
        for v in range(1, classes):
            if weights[v] > weights[best]:
                best = v
        ranked[place] = best
        weights[best] = -1


@inlined
def draw(logits, classes, rules, weights, heap, state):
    """Draw a class from softmax(logits / temperature) by ``rules``.

    At temperature 0, return the class with the largest logit, the first of equals.

    Args:
        logits: (at least V,).
        classes: V.
        rules: ``Rules``.
        weights: (at least V,), a buffer of the type of the logits.
        heap: (at least V,) int32, a buffer.
        state: (4,) the generator's state; advanced by one number, or by none at temperature 0.
    """
    best = 0
    for v in range(1, classes):
        if logits[v] > logits[best]:
            best = v
    if rules.temperature == 0.0:
        return best
    _, total = weigh(logits, classes, rules.temperature, weights)
    for most, part in ((rules.top_k, 1.0), (classes, rules.top_p)):
        if 0 < most < classes or part < 1.0:
            total = keep_largest(weights, classes, most, part * total, heap)
    if rules.min_p > 0.0:
        least = rules.min_p * np.float64(weights[best])
        total = 0.0
        for v in range(classes):
            if weights[v] < least:
                weights[v] = 0
            total += np.float64(weights[v])
    point = uniform(state) * total
    chosen = best
    for v in range(classes):
        if weights[v] > 0:
            chosen = v  # kept if rounding places the point beyond the last interval
            point -= np.float64(weights[v])
            if point < 0.0:
                break
    return chosen
