"""The shape of a mixture of models that label: the shapes of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.config import columns_option, task_option
from charrnn.models.mixture.config import MixtureConfig
from charrnn.text.columns import check_labels, columns_of


@dataclass(frozen=True)
class LabelMixtureConfig(MixtureConfig):
    """The shape of a mixture of models of the same labels; see ``ModelConfig``."""

    task: str = task_option("label")
    columns: str = columns_option()

    labels: Sequence[str] = ()
    """All labels, in the order of the classes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        columns_of(self.columns)
        object.__setattr__(self, "labels", check_labels(self.labels))
        if any(tuple(member.labels) != self.labels for member in self.members):
            raise ConfigError("the members of a mixture must have the same labels: choose others")

    @classmethod
    def shared_fields(cls, first: Any) -> dict[str, Any]:
        """See ``MixtureConfig``."""
        return {**super().shared_fields(first), "columns": first.columns, "labels": first.labels}
