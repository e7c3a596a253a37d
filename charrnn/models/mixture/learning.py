"""Learning a mixture's gate from a text that no member has learned.

The gate minimises the loss of the mixture by Adam on the whole text at once, so that the same text always gives the
same gate. A gate learned on the characters that it is measured on would look better than it is. So a mixture is
measured in two folds: each half of the text by the gate that the other half has taught.
"""

import numpy as np
import numpy.typing as npt

from charrnn.kinds.contract import LanguageModel
from charrnn.models.mixture.mixing import measure
from charrnn.text.corpus import Ids
from charrnn.workers import share

MOST_LEARNED = 100_000
"""Most characters that a gate learns from; more hardly improve its few numbers."""

STREAMS, WARM_UP_IDS, OBSERVED_STEPS = 16, 256, 128
"""Streams of a text that is long enough, ids that each reads before its own, and steps of a window."""

ITERATIONS, RATE = 200, 0.05

FLOAT = npt.NDArray[np.float64]


def observe(member: LanguageModel, ids: Ids) -> tuple[FLOAT, FLOAT]:
    """A member's log probability of each id but the first (N - 1,), and its entropy before each (N - 1,)."""
    count = len(ids) - 1
    streams = STREAMS if count >= 2 * STREAMS * WARM_UP_IDS else 1
    length = -(-count // streams)
    own = np.arange(streams) * length
    starts = np.maximum(own - WARM_UP_IDS, 0) if streams > 1 else own
    logprobs, entropies = np.zeros((2, count))
    state = member.initial_state(streams)
    buffers = member.buffers(OBSERVED_STEPS, streams)
    for first in range(0, length + (WARM_UP_IDS if streams > 1 else 0), OBSERVED_STEPS):
        at = starts + np.arange(first, first + OBSERVED_STEPS)[:, np.newaxis]
        inside = np.minimum(at, count - 1)
        window = member.run(ids[inside].astype(np.int32), state, buffers)
        found = _measured(member, window.logits, ids[inside + 1])
        counted = (at >= own) & (at < np.minimum(own + length, count))
        for array, values in zip((logprobs, entropies), found, strict=True):
            array[at[counted]] = values[counted]
    return logprobs, entropies


def _measured(member: LanguageModel, logits: npt.NDArray[np.floating], targets: Ids) -> tuple[FLOAT, FLOAT]:
    normalisers, entropies = np.empty((2, *targets.shape))

    def job(part: int, parts: int) -> None:
        first, last = share(targets.shape[1], part, parts)
        measure(logits, member.config.vocab_size, normalisers, entropies, first, last)

    member.workers.run(job, most=targets.shape[1])
    own = np.take_along_axis(logits, targets[..., np.newaxis].astype(np.int64), axis=2)[..., 0]
    return own - normalisers, entropies


def learn_gate(logprobs: FLOAT, entropies: FLOAT) -> FLOAT:
    """The gate (M, 1 + 2 M) with the lowest loss of a text of N ids.

    Args:
        logprobs: (M, N) each member's log probability of the id.
        entropies: (M, N) its entropy before the id, in nats.
    """
    logprobs, entropies = logprobs[:, :MOST_LEARNED], entropies[:, :MOST_LEARNED]
    seen, probabilities = inputs_of(entropies), np.exp(logprobs - logprobs.max(0))
    mean, deviation = seen.mean(1), seen.std(1)
    mean[0], deviation[deviation < 1e-6] = 0, 1
    scaled = (seen - mean[:, np.newaxis]) / deviation[:, np.newaxis]
    gate, momentum, squares = np.zeros((3, len(logprobs), len(seen)))
    for step in range(1, ITERATIONS + 1):
        weights = softmax_of(gate @ scaled)
        share_of = weights * probabilities
        share_of /= share_of.sum(0)
        gradient = (weights - share_of) @ scaled.T / scaled.shape[1]
        momentum += 0.1 * (gradient - momentum)
        squares += 0.01 * (gradient**2 - squares)
        gate -= RATE * (momentum / (1 - 0.9**step)) / (np.sqrt(squares / (1 - 0.99**step)) + 1e-8)
    gate /= deviation
    gate[:, 0] -= gate @ mean
    return gate


def inputs_of(entropies: FLOAT) -> FLOAT:
    """What the gate sees (1 + 2 M, N) of entropies (M, N)."""
    entropies = np.maximum(entropies, 0)
    both = np.stack([entropies, np.sqrt(entropies)], axis=1).reshape(-1, entropies.shape[1])
    return np.concatenate([np.ones((1, entropies.shape[1])), both])


def softmax_of(scores: FLOAT) -> FLOAT:
    """The softmax over the first axis."""
    weights: FLOAT = np.exp(scores - scores.max(0))
    weights /= weights.sum(0)
    return weights


def mixed_nats(gate: FLOAT, logprobs: FLOAT, entropies: FLOAT) -> float:
    """Mean loss of the mixture in nats; the arrays are as in ``learn_gate``."""
    top = logprobs.max(0)
    mixed = (softmax_of(gate @ inputs_of(entropies)) * np.exp(logprobs - top)).sum(0)
    return float(-(np.log(mixed) + top).mean())


def two_fold_nats(logprobs: FLOAT, entropies: FLOAT) -> float:
    """Mean loss of the mixture in nats, each half of the text with the gate that the other half has taught."""
    half = logprobs.shape[1] // 2
    if not half:
        return float(-logprobs.max(0).mean())
    parts = (slice(0, half), slice(half, None))
    total = 0.0
    for taught, measured in (parts, parts[::-1]):
        gate = learn_gate(logprobs[:, taught], entropies[:, taught])
        own = logprobs[:, measured]
        total += mixed_nats(gate, own, entropies[:, measured]) * own.shape[1]
    return float(total / logprobs.shape[1])
