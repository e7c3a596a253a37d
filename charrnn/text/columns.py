"""Parse the option that chooses columns of a TSV file, and check the labels in a config."""

from collections.abc import Sequence

from charrnn.errors import ConfigError


def columns_of(text: str) -> tuple[int, ...]:
    """Parse an option such as "2,1" to column numbers, from 0, of the input, the target and perhaps the features.

    Raises:
        ConfigError: it is not two or three different numbers from 1 to 3.
    """
    words = text.split(",")
    places = tuple(int(word) - 1 for word in words if word.strip() in ("1", "2", "3"))
    if len(places) != len(words) or len(set(places)) != len(places) or len(places) not in (2, 3):
        raise ConfigError(f"columns must be two or three different numbers from 1 to 3, not {text!r}: give 1,2 or 2,1")
    return places


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Check the labels in a model's config, which may come from a file; returns them as a tuple.

    Raises:
        ConfigError: they are not strings, or some are the same.
    """
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
        raise ConfigError(f"labels must be different texts, not {labels!r}: use another checkpoint")
    return tuple(labels)
