"""A run of a sweep, before it is trained."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be trained.

    Attributes:
        name: of its folder in the sweep's.
        sources: absolute paths of its text.
        options: of ``train`` by their long names without dashes; what is not here has its default.
        swept: those of them that make it differ from others, as the table shows them; the text under "corpus".
    """

    name: str
    sources: tuple[str, ...]
    options: dict[str, Any]
    swept: dict[str, Any]
