"""The text that a sample goes on with."""

import re
import sys
from pathlib import Path

from charrnn.cli.shared.output import say
from charrnn.errors import ConfigError


def warn_of_number(seed: str, rng_seed: int | None) -> None:
    """Say so if a seed looks like one that is meant for the random generator."""
    if rng_seed is None and re.fullmatch(r"-?\d+", seed):
        say(f"warning: --seed {seed} is text to continue; to seed the random generator, use --rng-seed {seed}")


def read_seed(seed: str) -> bytes:
    """The bytes that the option --seed stands for."""
    if seed == "-":
        return sys.stdin.buffer.read()
    if not seed.startswith("@"):
        return seed.encode("utf-8", "surrogateescape")  # bytes that the locale could not read, as they were
    try:
        return Path(seed[1:]).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read the seed from {seed[1:]!r}: {error.strerror}; write --seed @FILE with a file that is there"
        ) from error


def decoded(seed: bytes) -> str:
    """The seed as characters."""
    try:
        return seed.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"the seed must be UTF-8 text for a model of characters, but its byte {error.start} is not; re-encode it"
        ) from error
