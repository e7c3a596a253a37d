"""The mixture of models that label: several models that predict together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.labelling import LabellingKind
from charrnn.models.mixed import PooledKind


class LabelMixtureKind(PooledKind, LabellingKind):
    """The kind ``mixture`` of task ``label``: models of the same labels that predict together."""

    config = LabelMixtureConfig

    def load(self, config: LabelMixtureConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Make the mixture of these tensors; see ``Kind``."""
        from charrnn.models.label_mixture.network import LabelMixture

        return LabelMixture.load(config, tensors, workers)


KIND = LabelMixtureKind()
