"""Several models of the same labels that predict together; see ``charrnn.models.pooling``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.models.label_answers import MOST_LOSS, LabellingModel
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.label_ngram.counts import Float64s
from charrnn.models.mixture.tensors import check_members, prefixed_tensors, tensors_of
from charrnn.models.pooling import POOL_WEIGHTS, check_pool_weights, pooled
from charrnn.scoring.streams import go_on
from charrnn.workers import Workers


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
        return cls(config, members, np.array(tensors[POOL_WEIGHTS], np.float64), workers)

    def to_tensors(self) -> dict[str, Array]:
        """The members' tensors under prefixed names, and the weights."""
        return {POOL_WEIGHTS: self.weights, **prefixed_tensors(self.members)}

    def log_probabilities(self, texts: Sequence[Array], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Log probabilities (N, C) of the C labels for N texts of ids; ``before_batch`` may raise to stop."""
        return pooled(self.weights, np.stack(list(members_log_probabilities(self.members, texts, before_batch))))


def members_log_probabilities(
    members: Sequence[LabellingModel], texts: Sequence[Array], before_batch: Callable[[], None] = go_on
) -> Iterator[Float64s]:
    """The log probabilities (N, C) of each member; none is below -MOST_LOSS, so that each label stays possible."""
    for member in members:
        yield np.maximum(member.log_probabilities(texts, before_batch), -MOST_LOSS)


def check_label_mixture(config: LabelMixtureConfig, tensors: Mapping[str, Any]) -> None:
    """Check that a checkpoint's tensors fit a config.

    Raises:
        CheckpointError: a tensor is missing or does not fit.
    """
    check_members(config, tensors)
    check_pool_weights(len(config.members), tensors)
