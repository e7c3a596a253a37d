"""The plan of one run of a sweep."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from charrnn.errors import CheckpointError
from charrnn.kinds.config import kind_of
from charrnn.kinds.header import config_of
from charrnn.kinds.kind import Kind
from charrnn.kinds.metric import Metric
from charrnn.storage.checkpoint import load_header

ORIGIN = "init-from"
"""The option that names the checkpoint from which a run starts."""


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be trained.

    Attributes:
        name: name of its folder in the sweep's folder.
        sources: absolute paths of its text.
        options: given options of ``train``, by their long names without dashes; others have their defaults.
        swept: the options that vary within the sweep, as the table shows them; "corpus" is the text.
    """

    name: str
    sources: tuple[str, ...]
    options: dict[str, Any]
    swept: dict[str, Any]

    @property
    def kind(self) -> Kind:
        """The kind of the run's model."""
        origin = self.options.get(ORIGIN)
        return _kind_in(origin) if origin else kind_of(self.options)

    @property
    def metric(self) -> Metric:
        """The metric of the run's model."""
        return self.kind.metrics[0]


@cache
def _kind_in(path: str) -> Kind:
    try:
        return config_of(load_header(Path(path))).kind  # type: ignore[no-any-return]
    except CheckpointError:  # the run itself reports it
        return kind_of({})
