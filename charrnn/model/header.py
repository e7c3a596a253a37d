"""A model's config and vocabulary as a checkpoint's header holds them."""

from collections.abc import Mapping
from typing import Any

from charrnn.errors import CharrnnError, CheckpointError
from charrnn.model.config import ModelConfig
from charrnn.text.vocabulary import Vocabulary


def header_of(config: ModelConfig, vocabulary: Vocabulary) -> dict[str, Any]:
    """The part of a header that describes a model; JSON can hold it."""
    return {
        "config": config.to_dict(),
        "vocabulary": {"symbols": vocabulary.symbols, "unit": vocabulary.unit},
    }


def model_of(header: Mapping[str, Any]) -> tuple[ModelConfig, Vocabulary]:
    """The config and vocabulary that a checkpoint's header holds.

    Raises:
        CheckpointError: they are missing or make no sense.
    """
    try:
        config = ModelConfig.from_dict(header["config"])
        vocabulary = Vocabulary(header["vocabulary"]["symbols"], header["vocabulary"]["unit"])
    except (KeyError, TypeError, CharrnnError) as error:
        raise CheckpointError(f"the checkpoint's header is damaged ({error}): use another checkpoint") from error
    if len(vocabulary) != config.vocab_size:
        raise CheckpointError(
            f"the checkpoint's header is damaged ({len(vocabulary)} characters for a vocabulary of "
            f"{config.vocab_size}): use another checkpoint"
        )
    return config, vocabulary
