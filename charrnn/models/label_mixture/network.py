"""Several models of the same labels that predict together.

With the members' probabilities p[m] and weights w[m], the mixture's probability of a label is

    p(label | text) = exp(sum over m of w[m] ln p[m](label | text)) / Z(text)

where Z(text) makes the probabilities sum to one (a logarithmic opinion pool: Genest and Zidek 1986, "Combining
probability distributions"; with learned weights, Hinton 1999, "Products of experts"). Unlike a weighted mean, it lets a
member that is nearly certain that a label is wrong outvote the others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.models.label_answers import MOST_LOSS, LabellingModel
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.label_ngram.counts import Float64s
from charrnn.models.mixture.tensors import check_members, prefixed_tensors, tensors_of
from charrnn.scoring.streams import go_on
from charrnn.workers import Workers

WEIGHTS = "weights"
"""Name of the tensor (M,) of the members' weights."""


class LabelMixture:
    """A ``charrnn.models.label_answers.LabellingModel`` that mixes others.

    Args:
        config: the mixture's shape.
        members: the models.
        weights: (M,) float64, at least 0.
        workers: the threads that share the work.
    """

    state_names = ()

    def __init__(
        self, config: LabelMixtureConfig, members: Sequence[LabellingModel], weights: Float64s, workers: Workers
    ) -> None:
        self.config, self.members, self.weights, self.workers = config, members, weights, workers

    @classmethod
    def load(cls, config: LabelMixtureConfig, tensors: Mapping[str, Array], workers: Workers) -> "LabelMixture":
        """Make the mixture of a checkpoint's tensors; see ``Kind.load``."""
        check_label_mixture(config, tensors)
        own = zip(config.members, tensors_of(config, tensors), strict=True)
        members = [member.kind.load(member, arrays, workers) for member, arrays in own]
        return cls(config, members, np.array(tensors[WEIGHTS], np.float64), workers)

    def to_tensors(self) -> dict[str, Array]:
        """The members' tensors under prefixed names, and the weights."""
        return {WEIGHTS: self.weights, **prefixed_tensors(self.members)}

    def log_probabilities(self, texts: Sequence[Array], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Log probabilities (N, C) of the C labels for N texts of ids; ``before_batch`` may raise to stop."""
        return pooled(self.weights, np.stack(list(members_log_probabilities(self.members, texts, before_batch))))


def members_log_probabilities(
    members: Sequence[LabellingModel], texts: Sequence[Array], before_batch: Callable[[], None] = go_on
) -> Iterator[Float64s]:
    """The log probabilities (N, C) of each member; none is below -MOST_LOSS, so that each label stays possible."""
    for member in members:
        yield np.maximum(member.log_probabilities(texts, before_batch), -MOST_LOSS)


def pooled(weights: Float64s, logprobs: Float64s) -> Float64s:
    """The mixture's log probabilities (N, C) from those of its members (M, N, C) and their weights (M,)."""
    mixed: Float64s = np.einsum("m,mnc->nc", weights, logprobs)
    return mixed - np.logaddexp.reduce(mixed, axis=1, keepdims=True)


def check_label_mixture(config: LabelMixtureConfig, tensors: Mapping[str, Any]) -> None:
    """Check that a checkpoint's tensors fit a config.

    Raises:
        CheckpointError: a tensor is missing or does not fit.
    """
    check_members(config, tensors)
    weights = tensors.get(WEIGHTS)
    if weights is None or weights.shape != (len(config.members),) or weights.dtype.kind != "f":
        raise CheckpointError(f"tensor {WEIGHTS} must be one number for each member: use another checkpoint")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise CheckpointError(f"tensor {WEIGHTS} must hold numbers of at least 0: use another checkpoint")
