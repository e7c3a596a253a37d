"""The options of a model that writes text for a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from charrnn.errors import ConfigError
from charrnn.kinds.config import TEXT, task_option
from charrnn.models.label_fields import LabelFields, check_label_fields
from charrnn.models.language.config import LanguageConfig


@dataclass(frozen=True)
class ConditionalConfig(LabelFields, LanguageConfig):
    """The shape of a model that writes text for a label; see ``ModelConfig``."""

    task: str = task_option("conditional")
    label_counts: Sequence[int] = ()
    """Number of training texts of each label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_label_fields(self)
        object.__setattr__(self, "label_counts", tuple(self.label_counts))
        counts = self.label_counts
        are_counts = all(isinstance(count, int) and count >= 0 for count in counts) and any(counts) == bool(counts)
        if len(counts) != len(self.labels) or not are_counts:
            raise ConfigError(f"label_counts must be a count for each label, not {counts!r}: use another checkpoint")

    def class_of(self, label: str) -> int:
        """The class number of a label.

        Raises:
            ConfigError: the model has not learned this label.
        """
        if label not in self.labels:
            raise ConfigError(f"a label must be one that the model has learned, {self._some()}, not {label!r}")
        return self.labels.index(label)

    def _some(self) -> str:
        most = 20
        return ", ".join(self.labels[:most]) + f" or one of {len(self.labels) - most} others" * (
            len(self.labels) > most
        )

    @property
    def of_one_label(self) -> LanguageConfig:
        """The config of the language model of a single label's texts."""
        values = {field.name: getattr(self, field.name) for field in fields(LanguageConfig)}
        return LanguageConfig(**{**values, "task": TEXT})
