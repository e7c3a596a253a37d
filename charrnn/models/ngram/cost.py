"""What counting takes."""

from charrnn.kinds.kind import Cost
from charrnn.models.ngram.config import NgramConfig

PER_COUNT = 40_000
"""Operations for each character and order."""


class NgramCost(Cost):
    """See ``charrnn.kinds.kind.Cost``."""

    def __init__(self, config: NgramConfig) -> None:
        self.counting = float(config.order * PER_COUNT)
