"""A model's config and vocabulary as a checkpoint's header holds them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CharrnnError, CheckpointError, VocabularyError
from charrnn.kinds.config import ModelConfig, config_from
from charrnn.text.vocabulary import Vocabulary

Array = npt.NDArray[np.generic]


def header_of(config: ModelConfig, vocabulary: Vocabulary) -> dict[str, Any]:
    """The part of a header that describes a model; JSON can hold it."""
    return {
        "config": config.to_dict(),
        "vocabulary": asdict(vocabulary),
    }


def config_of(header: Mapping[str, Any]) -> Any:
    """The config that a checkpoint's header holds.

    Raises:
        CheckpointError: it is missing or makes no sense.
    """
    with _damage_told():
        return config_from(header["config"])


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except CheckpointError:  # not damaged
        raise
    except (KeyError, TypeError, AttributeError, CharrnnError) as error:
        raise CheckpointError(f"the checkpoint's header is damaged ({error}): use another checkpoint") from error


def model_of(header: Mapping[str, Any], tensors: Mapping[str, Array]) -> tuple[Any, Vocabulary]:
    """The config and vocabulary that a checkpoint's header holds, once its tensors are known to fit them.

    Raises:
        CheckpointError: they are missing or make no sense, or the tensors do not fit.
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
