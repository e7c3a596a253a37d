"""The n-gram model: counts of the characters that followed each context, interpolated over all context lengths.

For a context of k characters, let c(w) be the number of times that the character w followed it, N the sum of all c, and
S the number of distinct w. Let p'(w) be the probability given only the last k - 1 characters; for k = 0 it is uniform.
Then

    Witten-Bell (1991)        p(w) = (c(w) + S p'(w)) / (N + S)
    Kneser-Ney (1995)         p(w) = (c(w) - d(c(w)) + sum of all d(c) p'(w)) / N

Kneser-Ney is interpolated. It has the three discounts d of Chen and Goodman (1998), estimated for each context length.
For all but the longest contexts, its c(w) is the number of distinct characters that preceded the context followed by w.
Contexts that do not occur in the text are skipped.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.kernels.counts import Counts, count_followers, grow_tree, measure_shared, mix_counts, sort_places
from charrnn.kinds.contexts import ContextModel
from charrnn.models.ngram.config import NgramConfig
from charrnn.workers import Workers

LEAST_DISCOUNT = 0.1
"""Least distance of a discount from 0 and from its count; it leaves some probability to seen and unseen characters."""


ARRAYS = Counts._fields[:8]

PREFIX = "ngram."
"""The beginning of the arrays' names in a checkpoint."""

COUNT_TYPES = {"start": np.int64, "discounts": np.float64}
"""Types of the arrays that do not hold int32."""


class NGram(ContextModel):
    """An n-gram model; make one with ``count`` or ``load``."""

    predict = staticmethod(mix_counts)

    def __init__(self, config: NgramConfig, arrays: Mapping[str, Array], workers: Workers | None = None) -> None:
        super().__init__(config, workers, config.order - 1)
        kneser_ney = config.smoothing == "kneser-ney"
        own: dict[str, Any] = {name: np.ascontiguousarray(arrays[name]) for name in ARRAYS}
        self.weights = Counts(**own, depth=config.order - 1, added=0.0 if kneser_ney else 1.0, continuations=kneser_ney)

    @classmethod
    def load(cls, config: NgramConfig, tensors: Mapping[str, Array], workers: Workers | None = None) -> "NGram":
        """Build the model from a checkpoint's tensors; see ``Kind.load``."""
        check_arrays(config, tensors)
        return cls(config, {name: tensors[f"ngram.{name}"] for name in ARRAYS}, workers)

    @classmethod
    def count(cls, config: NgramConfig, ids: Array, workers: Workers | None = None) -> "NGram":
        """Count a text (N,) of ids, and estimate the discounts."""
        depth, N, V = config.order - 1, len(ids), config.vocab_size
        text = np.ascontiguousarray(ids, np.int32)
        places, spare = np.empty((2, N), np.int32)
        sort_places(text, depth, places, spare, np.empty(V + 2, np.int64))
        measure_shared(text, depth, places, spare)
        low, high, length, first_child = np.empty((4, 2 * N + 1), np.int32)
        start = np.empty(2 * N + 1, np.int64)
        nodes = grow_tree(text, depth, places, spare, low, high, length, first_child, start, np.empty(V, np.int64))
        length, first_child, start = length[:nodes].copy(), first_child[: nodes + 1].copy(), start[: nodes + 1].copy()
        follower, counts = np.empty((2, start[-1]), np.int32)
        continuations = config.smoothing == "kneser-ney"
        buffer = np.empty((2, V), np.int64)
        count_followers(
            text, depth, places, low, high, length, first_child, start, continuations, follower, counts, buffer
        )
        position = places[low[:nodes]]
        arrays = {"text": text, "position": position, "length": length, "first_child": first_child, "start": start}
        discounts = np.zeros((config.order, 4))
        if continuations:
            rows = counts_of_counts(config.order, position, length, first_child, start, counts)
            discounts[:] = [discounts_of(row) for row in rows]
        return cls(config, {**arrays, "follower": follower, "counts": counts, "discounts": discounts}, workers)

    @property
    def size(self) -> int:
        """Number of counts: one for each pair of a tree node and a character that followed the node's contexts."""
        single = int((np.diff(self.weights.start) == 0).sum())
        return len(self.weights.counts) + single

    def work_array(self, steps: int, streams: int) -> Array:
        """Allocate a buffer for probabilities (T, B, V)."""
        return np.empty((steps, streams, self.config.vocab_size))

    def to_tensors(self) -> dict[str, Array]:
        """The arrays of the counts, by name."""
        return {PREFIX + name: getattr(self.weights, name) for name in ARRAYS}


def check_arrays(config: NgramConfig, tensors: Mapping[str, Array]) -> None:
    """Check that a checkpoint's arrays form a model, so that the kernels never index out of bounds.

    Raises:
        CheckpointError: an array is missing, has another shape or type, or holds values that no count gives.
    """
    if missing := [name for name in ARRAYS if f"ngram.{name}" not in tensors]:
        raise CheckpointError(f"the checkpoint has no tensor ngram.{missing[0]}: use another checkpoint")
    text, position, length, first_child, start, follower, counts, discounts = (tensors[f"ngram.{n}"] for n in ARRAYS)
    nodes = position.size
    shapes = {
        "text": (max(1, text.size),),
        "position": (max(1, nodes),),
        "length": (nodes,),
        "first_child": (nodes + 1,),
        "start": (nodes + 1,),
        "follower": (follower.size,),
        "counts": (follower.size,),
        "discounts": (config.order, 4),
    }
    for name, shape in shapes.items():
        array, kind = tensors[f"ngram.{name}"], COUNT_TYPES.get(name, np.int32)
        if array.shape != shape or array.dtype != kind:
            got, wanted = f"{array.shape} of {array.dtype}", f"{shape} of {np.dtype(kind)}"
            raise CheckpointError(f"tensor ngram.{name} must have shape {wanted}, not {got}: use another checkpoint")
    for name, bounds in {
        "text": _within(text, config.vocab_size),
        "position": _within(position, text.size),
        "length": _within(length, config.order),
        "first_child": _within(first_child, nodes + 1) and _ascends(first_child),
        "start": start[0] == 0 and start[-1] == follower.size and _ascends(start),
        "follower": _within(follower, config.vocab_size),
        "counts": counts.min(initial=1) > 0,
        "discounts": ((discounts >= 0) & (discounts <= np.arange(4))).all(),
    }.items():
        if not bounds:
            raise CheckpointError(f"tensor ngram.{name} holds what no count gives: choose another file or train again")


def _within(array: Array, end: int) -> bool:
    return bool(0 <= array.min(initial=0) <= array.max(initial=0) < end)


def _ascends(array: Array) -> bool:
    return bool((array[:-1] <= array[1:]).all())


def counts_of_counts(
    order: int, position: Array, length: Array, first_child: Array, start: Array, counts: Array
) -> Any:
    """For each context length, count how many counts are 1, 2, 3 and 4; returns (order, 4)."""
    result = np.zeros((order + 1, 4), np.int64)
    children = np.diff(first_child)
    parents = np.repeat(np.arange(len(length)), children)
    shorter = np.concatenate([[-1], length[parents]])
    types = np.diff(start)
    # At context lengths between that of its parent and its own, all followers of a node have count 1. The contexts of
    # a node that has a single place in the text reach back to the text's start at most.
    single = types == 0
    longest = np.where(single, np.minimum(length, position) + 1, length)
    ones = np.where(single, 1, types)
    np.add.at(result[:, 0], shorter + 1, ones)
    np.subtract.at(result[:, 0], longest, ones)
    result[:, 0] = np.cumsum(result[:, 0])
    lengths = np.repeat(length, types)
    for n in range(4):
        result[:, n] += np.bincount(lengths[counts == n + 1], minlength=order + 1)
    return result[:order]


def discounts_of(ones_to_fours: Array) -> Array:
    """Estimate the discounts of the counts 0, 1, 2 and 3 or more (Chen and Goodman 1998, equation 26)."""
    n = np.maximum(ones_to_fours, 1)
    y = n[0] / (n[0] + 2 * n[1])
    discounts = [c - (c + 1) * y * n[c] / n[c - 1] for c in (1, 2, 3)]
    return np.array([0, *np.clip(discounts, LEAST_DISCOUNT, np.arange(1, 4) - LEAST_DISCOUNT)])
