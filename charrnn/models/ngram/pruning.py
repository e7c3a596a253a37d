"""Pruning an n-gram model: rare contexts are dropped, and the rest keeps its counts.

A dropped context is as one that the text never held: prediction stops at the longest context that is left, whose
probabilities sum to one like any other's. Stolcke (1998) prunes by relative entropy; counts are cheaper to compare, and
what is seen once is mostly what a model would copy.

The tree needs the text only to read the contexts of its nodes. So a pruned model keeps these contexts alone where they
are shorter than the text.
"""

from collections.abc import Mapping

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.kernels.counts import count_places
from charrnn.models.ngram.counts import COUNT_TYPES, PREFIX, NGram

LEAST_PLACES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 1024, 4096)
"""How often a context must occur to be kept: the values that ``fitted`` tries. Contexts that occur once always go: in a
mixture they gain 0.002 nats on tinyshakespeare, and take as much room as all others."""

NARROW = {"first_child": "children", "start": "followers"}
"""Arrays that grow from node to node, and the names of their differences in a narrowed model."""


def fitted(model: NGram, most: int) -> NGram:
    """The model with as many contexts as fit into ``most`` bytes of a file; see ``narrowed``.

    The model of the commonest contexts alone is returned if no other fits.
    """
    smaller = model
    for least in LEAST_PLACES:
        smaller = pruned(model, least)
        if narrowed_bytes(smaller) <= most:
            break
    return smaller


def narrowed_bytes(model: NGram) -> int:
    """Bytes of a model's tensors in a file; see ``narrowed``."""
    return sum(array.nbytes for array in narrowed(model.to_tensors()).values())


def pruned(model: NGram, least: int) -> NGram:
    """The model without the contexts that occur fewer than ``least`` times."""
    if least <= 1:
        return model
    own = model.weights
    places = np.empty(len(own.length), np.int64)
    count_places(own.first_child, own.start, own.counts, places)
    kept = places >= least
    kept[0] = True
    before = np.concatenate([[0], np.cumsum(kept)])
    nodes = np.flatnonzero(kept)
    followers = np.diff(own.start)
    held = np.repeat(kept, followers)
    arrays: dict[str, Array] = {
        "length": own.length[nodes],
        "first_child": before[own.first_child[np.append(nodes, len(kept))]].astype(np.int32),
        "start": np.concatenate([[0], np.cumsum(followers[nodes])]).astype(np.int64),
        "follower": own.follower[held],
        "counts": own.counts[held],
        "discounts": own.discounts,
    }
    arrays |= _contexts(own.text, own.position[nodes], arrays["length"], arrays["first_child"])
    return NGram(model.config, arrays, model.workers)


def _contexts(text: Array, position: Array, length: Array, first_child: Array) -> dict[str, Array]:
    """A text and positions from which nodes read the same contexts: a text of these contexts alone if it is shorter.

    Only leaves need a context of their own: it begins with those of the nodes above it.
    """
    is_leaf = np.diff(first_child) == 0
    shown = np.where(is_leaf, length, 0).astype(np.int64)
    ends = np.cumsum(shown)
    if not len(ends) or ends[-1] >= len(text):
        return {"text": text, "position": position}
    steps = np.arange(ends[-1]) - np.repeat(ends - shown, shown)
    contexts = text[np.repeat(position.astype(np.int64) - shown, shown) + steps]
    own = ends.astype(np.int32)
    for node in range(len(own) - 1, -1, -1):
        if not is_leaf[node]:
            own[node] = own[first_child[node]]
    return {"text": np.append(contexts, text[:1]).astype(np.int32), "position": own}


def narrowed(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The tensors of a model in fewer bytes: differences instead of sums, and the smallest types of integers.

    ``widened_counts`` restores the tensors.
    """
    small = {}
    for name, array in tensors.items():
        own = name.removeprefix(PREFIX)
        held = np.append(array[:1], np.diff(array)) if own in NARROW else array
        whole = held.dtype.kind in "iu"
        narrow = held.astype(np.min_scalar_type(int(held.max(initial=0)))) if whole else held
        small[PREFIX + NARROW.get(own, own)] = narrow
    return small


def widened_counts(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Restore the tensors of ``narrowed``; others pass unchanged, to be checked by ``check_arrays``."""
    sums = {PREFIX + small: PREFIX + own for own, small in NARROW.items()}
    wide: dict[str, Array] = {}
    for name, array in tensors.items():
        own, whole = sums.get(name, name), array.dtype.kind in "iu"
        wanted = COUNT_TYPES.get(own.removeprefix(PREFIX), np.int32)
        held = np.cumsum(array, dtype=np.int64) if name in sums and whole else array
        wide[own] = held.astype(wanted) if whole else held
    return wide
