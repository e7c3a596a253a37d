"""The fields that the configs of all models of labelled rows have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.kinds.config import columns_option
from charrnn.text.columns import check_labels, columns_of


@dataclass(frozen=True)
class LabelFields:
    """Fields of a config, whose ``__post_init__`` calls ``check_label_fields``."""

    columns: str = columns_option()

    labels: Sequence[str] = ()
    """All labels, in the order of the classes."""


def check_label_fields(config: Any) -> None:
    """Check the fields of a config, and turn lists into tuples.

    Raises:
        ConfigError: ``columns`` are no columns, or ``labels`` are not different texts.
    """
    columns_of(config.columns)
    object.__setattr__(config, "labels", check_labels(config.labels))
