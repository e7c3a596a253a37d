"""The mixture of models that label: several models that predict together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.labelling import LabellingKind


class LabelMixtureKind(LabellingKind):
    """The kind ``mixture`` of task ``label``: models of the same labels that predict together."""

    name = "mixture"
    config = LabelMixtureConfig
    precisions = ("float32", "float64", "bf16")
    planned = False
    mixing = None

    def title(self, config: LabelMixtureConfig) -> str:
        """The members' titles; see ``Kind``."""
        return " + ".join(member.title for member in config.members)

    def check_fit(self, config: LabelMixtureConfig, tensors: Mapping[str, Any]) -> None:
        """Check the tensors of all members and the weights; see ``Kind``."""
        from charrnn.models.label_mixture.network import check_label_mixture

        check_label_mixture(config, tensors)

    def load(self, config: LabelMixtureConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Make the mixture of these tensors; see ``Kind``."""
        from charrnn.models.label_mixture.network import LabelMixture

        return LabelMixture.load(config, tensors, workers)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Raise, as only the members are trained; see ``Kind``."""
        raise ConfigError("a mixture is not trained further: train its members, and mix them again with charrnn mix")


KIND = LabelMixtureKind()
