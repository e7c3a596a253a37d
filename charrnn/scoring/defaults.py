"""Defaults of the ways to score a text; in a module of their own, so that ``--help`` can show them without NumPy."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from charrnn.errors import CheckpointError

SEPARATOR = "="
"""The text between question and answer."""

DYNAMIC_RATE = 2e-4
"""Learning rate of dynamic evaluation."""

LONGEST_SEGMENT = 1000


class Adaptation(NamedTuple):
    """How a model learns from the text that it reads; see ``charrnn.training.dynamic``."""

    rate: float = DYNAMIC_RATE
    """Learning rate."""
    segment: int = 20
    """Characters between two gradient steps."""
    decay: float = 0.001
    """Part of the way back to the trained parameters that each step goes."""

    @classmethod
    def of(cls, header: Mapping[str, Any]) -> "Adaptation":
        """What a checkpoint's header says, or the defaults if it says nothing.

        Raises:
            CheckpointError: a value is out of range.
        """
        values = header.get("adaptation", {})
        try:
            own = cls(**values)
            sound = 0 < own.rate < math.inf and 0 <= own.decay <= 1 and 1 <= own.segment <= LONGEST_SEGMENT
            sound = sound and type(own.segment) is int
        except TypeError:
            sound = False
        if not sound:
            raise CheckpointError(f"the checkpoint says {values!r} of how its model adapts: use another checkpoint")
        return own
