"""A weighted product of distributions, and its weights.

With the members' probabilities p[m] and weights w[m], the mixture's probability of a class is

    p(class) = exp(sum over m of w[m] ln p[m](class)) / Z

where Z makes the probabilities sum to one (a logarithmic opinion pool: Genest and Zidek 1986, "Combining probability
distributions"; with learned weights, Hinton 1999, "Products of experts"). Unlike a weighted mean, it lets a member that
is nearly certain that a class is wrong outvote the others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError

POOL_WEIGHTS = "weights"
"""Name of the tensor (M,) of the members' weights in a checkpoint."""

NEWTON_STEPS = 100

Logs = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]


def pooled(weights: Logs, logprobs: Logs) -> Logs:
    """The mixture's log probabilities (N, C) from those of its members (M, N, C) and their weights (M,)."""
    mixed: Logs = np.einsum("m,mnc->nc", weights, logprobs)
    return mixed - np.logaddexp.reduce(mixed, axis=1, keepdims=True)


def learn_weights(logprobs: Logs, wanted: Classes) -> Logs:
    """The weights (M,) of at least 0 with the lowest loss, by Newton's method with steps cut at 0.

    Args:
        logprobs: (M, N, C) each member's log probabilities.
        wanted: (N,) the right classes.
    """
    members, rows, _ = logprobs.shape
    right = logprobs[:, np.arange(rows), wanted].mean(axis=1)
    weights = np.full(members, 1 / members)
    best = mean_loss(pooled(weights, logprobs), wanted)
    for _ in range(NEWTON_STEPS):
        p = np.exp(pooled(weights, logprobs))
        means = np.einsum("nc,mnc->mn", p, logprobs)
        uphill = right - means.mean(axis=1)
        free = np.flatnonzero((weights > 0) | (uphill > 0))
        own = logprobs[free]
        hessian = (np.einsum("nc,mnc,knc->mk", p, own, own, optimize=True) - means[free] @ means[free].T) / rows
        step = np.zeros(members)
        step[free] = np.linalg.solve(hessian + 1e-6 * np.eye(len(free)), uphill[free])
        for factor in (1.0, 0.5, 0.1, 0.01):
            tried = np.maximum(weights + factor * step, 0)
            loss = mean_loss(pooled(tried, logprobs), wanted)
            if loss < best:
                break
        else:
            return weights
        weights, best = tried, loss
    return weights


def two_fold(logprobs: Logs, wanted: Classes) -> Logs:
    """The mixture's log probabilities (N, C), each half of the rows with the weights that the other half has taught."""
    half = len(wanted) // 2
    parts = (slice(0, half), slice(half, None))
    taught = (parts[1], parts[0])
    return np.concatenate(
        [
            pooled(learn_weights(logprobs[:, other], wanted[other]), logprobs[:, own])
            for own, other in zip(parts, taught, strict=True)
        ]
    )


def mean_loss(logprobs: Logs, wanted: Classes) -> float:
    """Mean of -ln p (N, C) of the right classes (N,)."""
    return float(-logprobs[np.arange(len(wanted)), wanted].mean())


def check_pool_weights(members: int, tensors: Mapping[str, Any]) -> None:
    """Check the weights of a checkpoint.

    Raises:
        CheckpointError: they are missing, or not one number of at least 0 for each member.
    """
    weights = tensors.get(POOL_WEIGHTS)
    if weights is None or weights.shape != (members,) or weights.dtype.kind != "f":
        raise CheckpointError(f"tensor {POOL_WEIGHTS} must be one number for each member: use another checkpoint")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise CheckpointError(f"tensor {POOL_WEIGHTS} must hold numbers of at least 0: use another checkpoint")
