"""Convert a model's config and vocabulary to the header of a checkpoint, and back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CharrnnError, CheckpointError, VocabularyError
from charrnn.kinds.config import ModelConfig, config_from
from charrnn.text.vocabulary import Vocabulary


def header_of(config: ModelConfig, vocabulary: Vocabulary) -> dict[str, Any]:
    """The part of a checkpoint's header that describes the model, as JSON values."""
    return {
        "config": config.to_dict(),
        "vocabulary": asdict(vocabulary),
    }


def config_of(header: Mapping[str, Any]) -> Any:
    """Restore the config from a checkpoint's header.

    Raises:
        CheckpointError: the config is missing or invalid.
    """
    with _damage_told():
        return config_from(header["config"])


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except CheckpointError:  # has its own advice; the header is not damaged
        raise
    except (KeyError, TypeError, AttributeError, CharrnnError) as error:
        raise CheckpointError(f"the checkpoint's header is damaged ({error}): use another checkpoint") from error


def model_of(header: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[np.generic]]) -> tuple[Any, Vocabulary]:
    """Restore config and vocabulary from a checkpoint's header, and check that the tensors fit them.

    Raises:
        CheckpointError: config or vocabulary is missing or invalid, or the tensors do not fit.
    """
    if "config" not in header and (kind := header.get("kind")):
        raise CheckpointError(f"the file holds a {kind} and no model: choose another file")
    config = config_of(header)
    with _damage_told():
        vocabulary = Vocabulary.restored(config.vocab_size, **header["vocabulary"])
        if bool(vocabulary.documents) != config.end_symbol:
            raise VocabularyError(
                f"end_symbol must be {bool(vocabulary.documents)} with this vocabulary, not {config.end_symbol}"
            )
    config.kind.check_fit(config, tensors)
    return config, vocabulary
