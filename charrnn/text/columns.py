"""What an option says of the columns of a TSV file, and a config of their labels."""

from collections.abc import Sequence

from charrnn.errors import ConfigError


def columns_of(text: str) -> tuple[int, ...]:
    """Places, from 0, of given, wanted and features, as an option such as "2,1" has them.

    Raises:
        ConfigError: it is not two or three different numbers from 1 to 3.
    """
    words = text.split(",")
    places = tuple(int(word) - 1 for word in words if word.strip() in ("1", "2", "3"))
    if len(places) != len(words) or len(set(places)) != len(places) or len(places) not in (2, 3):
        raise ConfigError(f"columns must be two or three different numbers from 1 to 3, not {text!r}: give 1,2 or 2,1")
    return places


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels of a model's config, which may come from a file.

    Raises:
        ConfigError: they are not different texts.
    """
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
        raise ConfigError(f"labels must be different texts, not {labels!r}: use another checkpoint")
    return tuple(labels)
