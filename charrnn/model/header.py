"""A model's config and vocabulary as a checkpoint's header holds them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CharrnnError, CheckpointError
from charrnn.model.config import ModelConfig
from charrnn.model.load import check_fit
from charrnn.text.vocabulary import Vocabulary

Array = npt.NDArray[np.generic]


def header_of(config: ModelConfig, vocabulary: Vocabulary) -> dict[str, Any]:
    """The part of a header that describes a model; JSON can hold it."""
    return {
        "config": config.to_dict(),
        "vocabulary": asdict(vocabulary),
    }


def model_of(header: Mapping[str, Any], tensors: Mapping[str, Array]) -> tuple[ModelConfig, Vocabulary]:
    """The config and vocabulary that a checkpoint's header holds, once its tensors are known to fit them.

    Raises:
        CheckpointError: they are missing or make no sense, or the tensors do not fit.
    """
    try:
        config = ModelConfig.from_dict(header["config"])
        vocabulary = Vocabulary(**header["vocabulary"])
    except (KeyError, TypeError, AttributeError, CharrnnError) as error:
        raise CheckpointError(f"the checkpoint's header is damaged ({error}): use another checkpoint") from error
    if (len(vocabulary), bool(vocabulary.documents)) != (config.vocab_size, config.end_symbol):
        raise CheckpointError(
            f"the checkpoint's header is damaged ({len(vocabulary)} symbols for a vocabulary of "
            f"{config.vocab_size}, or an end symbol for one without): use another checkpoint"
        )
    check_fit(config, tensors)
    return config, vocabulary
