"""The seed: the text that a sample continues."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from charrnn.cli.shared.output import say
from charrnn.errors import ConfigError, CorpusError
from charrnn.text.escapes import unescaped
from charrnn.text.sources import ENCODING, STDIN, decoded, read_pieces


def warn_of_number(seed: str, rng_seed: int | None) -> None:
    """Warn if --seed is a number, which was probably meant for --rng-seed."""
    if rng_seed is None and re.fullmatch(r"-?\d+", seed):
        say(f"warning: --seed {seed} is text to continue; to seed the random generator, use --rng-seed {seed}")


def is_file(seed: str) -> bool:
    """Whether --seed names a file or standard input."""
    return seed == STDIN or seed.startswith("@")


def encoding_of(checkpoint: Path) -> str:
    """Return the encoding of the text that the checkpoint's run was trained on."""
    from charrnn.storage.run import Run
    from charrnn.storage.run_metadata import RunMetadata

    notes = RunMetadata.read(Run(checkpoint.parent).metadata)
    return (notes and notes.encoding) or ENCODING


def read_seed(seed: str, unit: str, *encodings: str) -> str | bytes:
    """Read the text of --seed for a model with that unit, decoded by the first of the encodings that fits."""
    if not is_file(seed):
        return typed(seed, unit)
    source = STDIN if seed == STDIN else f"./{STDIN}" if seed == f"@{STDIN}" else seed[1:]
    if source != STDIN and (not source or Path(source).is_dir()):
        raise ConfigError(f"--seed must be text, - or @FILE, not {seed!r}: give a file")
    try:
        if source != STDIN or unit == "byte":
            pieces = read_pieces([source], encoding=encodings[0], as_bytes=unit == "byte")
            text = "".join(piece.text for piece in pieces)
        else:
            text = _from_stdin(encodings)
    except CorpusError as error:
        raise ConfigError(str(error).replace("cannot read", "cannot read the seed", 1)) from None
    return text.encode("latin-1") if unit == "byte" else text


def encodings_of(seed: str, checkpoint: Path) -> tuple[str, ...]:
    """Return the encodings to try for a seed: for a file, that of the model's text.

    A pipe may hold typed words or another sample, in UTF-8, or else such a file.
    """
    encoding = encoding_of(checkpoint)
    return (ENCODING, encoding) if seed == STDIN and encoding != ENCODING else (encoding,)


def _from_stdin(encodings: Sequence[str]) -> str:
    data = "".join(piece.text for piece in read_pieces([STDIN], as_bytes=True)).encode("latin-1")
    for encoding in encodings[:-1]:
        with suppress(CorpusError):
            return decoded(data, encoding, "stdin")
    return decoded(data, encodings[-1], "stdin")


def typed(seed: str, unit: str) -> str:
    """Return the typed seed; bytes that the locale cannot decode are kept for a model of bytes."""
    try:
        seed.encode("utf-8", "surrogateescape" if unit == "byte" else "strict")
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"the seed must be UTF-8 text for a model of {unit}s, but its character {error.start + 1} is not: "
            "re-encode it"
        ) from error
    return unescaped(seed)
