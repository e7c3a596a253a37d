"""Several models of the same labels that predict together; see ``charrnn.models.pooling``."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.models.label_answers import MOST_LOSS, LabellingModel
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.label_ngram.counts import Float64s
from charrnn.models.pooling import PooledMixture, pooled
from charrnn.scoring.streams import go_on


class LabelMixture(PooledMixture):
    """A ``charrnn.models.label_answers.LabellingModel`` that mixes others; see ``PooledMixture``."""

    shape = LabelMixtureConfig

    def log_probabilities(self, texts: Sequence[Array], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Log probabilities (N, C) of the C labels for N texts of ids; ``before_batch`` may raise to stop."""
        return pooled(self.weights, np.stack(list(members_log_probabilities(self.members, texts, before_batch))))


def members_log_probabilities(
    members: Sequence[LabellingModel], texts: Sequence[Array], before_batch: Callable[[], None] = go_on
) -> Iterator[Float64s]:
    """The log probabilities (N, C) of each member; none is below -MOST_LOSS, so that each label stays possible."""
    for member in members:
        yield np.maximum(member.log_probabilities(texts, before_batch), -MOST_LOSS)
