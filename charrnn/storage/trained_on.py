"""The data on which a checkpoint's model was trained, if its run still has it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from charrnn.errors import CharrnnError
from charrnn.kinds.header import config_of
from charrnn.storage.checkpoint import load_header
from charrnn.storage.corpus import stored_corpus
from charrnn.storage.run import Run


def trained_on(checkpoint: Path) -> Any:
    """Load the training part of the run's data; None if the run's text is missing or is not that of the checkpoint."""
    parts = data_parts_of(checkpoint)
    return parts and parts[0]


def all_rows(checkpoint: Path) -> Any:
    """Load all rows of a run that learns from rows, those to validate with included; None as for ``trained_on``."""
    parts = data_parts_of(checkpoint)
    return parts and replace(parts[0], rows=(*parts[0].rows, *parts[1].rows))


def data_parts_of(checkpoint: Path) -> tuple[Any, Any] | None:
    """Load a run's data to train on and to validate with; None as for ``trained_on``."""
    try:
        header = load_header(checkpoint)
        corpus = stored_corpus(Run(checkpoint.parent).corpus)
        if corpus.fingerprint != header["corpus"]["fingerprint"]:
            return None
        config = config_of(header)
        parts: tuple[Any, Any] = config.kind.data(corpus, config.to_dict()).split(header["settings"]["val_fraction"])
        return parts
    except (CharrnnError, KeyError, TypeError, ValueError, OSError):  # callers can do without the data
        return None
