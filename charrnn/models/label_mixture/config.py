"""The shape of a mixture of models that label: the shapes of its members."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.config import task_option
from charrnn.models.label_fields import LabelFields, check_label_fields
from charrnn.models.mixture.config import MixtureConfig


@dataclass(frozen=True)
class LabelMixtureConfig(LabelFields, MixtureConfig):
    """The shape of a mixture of models of the same labels; see ``ModelConfig``."""

    shared: ClassVar[tuple[str, ...]] = (*MixtureConfig.shared, *(field.name for field in fields(LabelFields)))

    task: str = task_option("label")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_label_fields(self)
        if any(tuple(member.labels) != self.labels for member in self.members):
            raise ConfigError("the members of a mixture must have the same labels: choose others")
