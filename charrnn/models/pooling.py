"""A weighted product of distributions, and its weights.

With the members' probabilities p[m] and weights w[m], the mixture's probability of a class is

    p(class) = exp(sum over m of w[m] ln p[m](class)) / Z

where Z makes the probabilities sum to one (a logarithmic opinion pool: Genest and Zidek 1986, "Combining probability
distributions"; with learned weights, Hinton 1999, "Products of experts"). Unlike a weighted mean, it lets a member that
is nearly certain that a class is wrong outvote the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.kinds.mixing import chosen_members
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.mixture.tensors import loaded_members, prefixed_tensors
from charrnn.workers import Workers

POOL_WEIGHTS = "weights"
"""Name of the tensor (M,) of the members' weights in a checkpoint."""

NEWTON_STEPS = 100

PRIOR = 1.0
"""Rows that the prior of the weights is worth."""

Logs = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]

Pooled = TypeVar("Pooled", bound="PooledMixture")


class PooledMixture:
    """A mixture of models whose distributions are multiplied.

    Args:
        config: the mixture's shape.
        members: the models.
        weights: (M,) float64, at least 0.
        workers: the threads that share the work.
    """

    state_names = ()
    shape: ClassVar[type[MixtureConfig]]

    def __init__(self, config: Any, members: Sequence[Any], weights: Logs, workers: Workers) -> None:
        self.config, self.members, self.weights, self.workers = config, members, weights, workers

    @classmethod
    def load(cls: type[Pooled], config: Any, tensors: Mapping[str, Array], workers: Workers) -> Pooled:
        """Make the mixture of a checkpoint's tensors; see ``Kind.load``."""
        config.kind.check_fit(config, tensors)
        weights = np.array(tensors[POOL_WEIGHTS], np.float64)
        return cls(config, loaded_members(config, tensors, workers), weights, workers)

    @classmethod
    def learned(
        cls: type[Pooled], models: Sequence[Any], logprobs: Logs, right: Right, workers: Workers, fixed: int, least: int
    ) -> tuple[Pooled | None, tuple[int, ...], float]:
        """Mix those of M models that gain enough.

        Args:
            models: the models.
            logprobs: (M, N, C) their log probabilities.
            right: (N, C) which classes are right.
            workers: the mixture's threads.
            fixed: see ``charrnn.kinds.mixing.Mixing.combine``, like the next one.
            least: see there.

        Returns:
            The mixture, or None if a single model is left; its members' places; and its loss by weights that were
            learned from the other half of the rows.
        """
        kept, mixed = chosen_members(lambda places: two_fold_loss(logprobs[places], right), len(models), fixed, least)
        mixture = None
        if len(kept) > 1:
            members = [models[place] for place in kept]
            config = cls.shape.of(tuple(member.config for member in members))
            mixture = cls(config, members, learn_weights(logprobs[kept], right), workers)
        return mixture, tuple(kept), mixed

    def to_tensors(self) -> dict[str, Array]:
        """The members' tensors under prefixed names, and the weights."""
        return {POOL_WEIGHTS: self.weights, **prefixed_tensors(self.members)}


def pooled(weights: Logs, logprobs: Logs) -> Logs:
    """The mixture's log probabilities (N, C) from those of its members (M, N, C) and their weights (M,)."""
    mixed: Logs = np.einsum("m,mnc->nc", weights, logprobs)
    return mixed - np.logaddexp.reduce(mixed, axis=1, keepdims=True)


def learn_weights(logprobs: Logs, right: Right) -> Logs:
    """The weights (M,) of at least 0 with the lowest loss, by Newton's method with steps cut at 0.

    A normal prior around 1 / M, worth PRIOR rows, keeps the weights small where there are few rows.

    Args:
        logprobs: (M, N, C) each member's log probabilities.
        right: (N, C) which classes are right; at least one in each row.
    """
    members, rows, _ = logprobs.shape
    weights = even = np.full(members, 1 / members)

    def cost(weights: Logs) -> float:
        away = float(((weights - even) ** 2).sum())
        return mean_loss(pooled(weights, logprobs), right) + PRIOR / len(right) / 2 * away

    best = cost(weights)
    for _ in range(NEWTON_STEPS):
        logs = pooled(weights, logprobs)
        p, of_right = np.exp(logs), np.exp(np.where(right, logs, -np.inf) - right_logs(logs, right)[:, np.newaxis])
        means = np.einsum("nc,mnc->mn", p, logprobs)
        wanted = np.einsum("nc,mnc->mn", of_right, logprobs)
        uphill = (wanted - means).mean(axis=1) - PRIOR / rows * (weights - even)
        free = np.flatnonzero((weights > 0) | (uphill > 0))
        own = logprobs[free]
        hessian = (np.einsum("nc,mnc,knc->mk", p, own, own, optimize=True) - means[free] @ means[free].T) / rows
        step = np.zeros(members)
        step[free] = np.linalg.solve(hessian + PRIOR / rows * np.eye(len(free)), uphill[free])
        for factor in (1.0, 0.5, 0.1, 0.01):
            tried = np.maximum(weights + factor * step, 0)
            if (loss := cost(tried)) < best:
                break
        else:
            return weights
        weights, best = tried, loss
    return weights


def two_fold(logprobs: Logs, right: Right) -> Logs:
    """The mixture's log probabilities (N, C), each half of the rows with the weights that the other half has taught."""
    half = len(right) // 2
    parts = (slice(0, half), slice(half, None))
    taught = (parts[1], parts[0])
    return np.concatenate(
        [
            pooled(learn_weights(logprobs[:, other], right[other]), logprobs[:, own])
            for own, other in zip(parts, taught, strict=True)
        ]
    )


def two_fold_loss(logprobs: Logs, right: Right) -> float:
    """The mean loss of ``two_fold`` in nats."""
    return mean_loss(two_fold(logprobs, right), right)


def mean_loss(logprobs: Logs, right: Right) -> float:
    """Mean of -ln p (N, C) of the right classes (N, C) together."""
    return float(-right_logs(logprobs, right).mean())


def right_logs(logprobs: Logs, right: Right) -> Logs:
    """Ln p (N,) of the right classes (N, C) together."""
    together: Logs = np.logaddexp.reduce(np.where(right, logprobs, -np.inf), axis=1)
    return together


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
