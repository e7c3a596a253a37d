"""A corpus: the text of files, folders or standard input, its name and its fingerprint."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.sources import ENCODING, STDIN, read_pieces

CHUNK = 1 << 20
"""Characters hashed at a time."""

Text = TypeVar("Text", str, npt.NDArray[np.int32])


@dataclass(frozen=True)
class Corpus:
    """A text to train on or to score.

    Attributes:
        text: all sources, one after the other. Of a corpus of bytes, the code points are the bytes' values.
        name: the first source's stem, fit to be a folder's name.
        sources: absolute paths of the files and folders given, or "-" for standard input.
        fingerprint: see ``fingerprint``.
        unit: "character" or "byte".
        encoding: how the sources were decoded; of no meaning for bytes.
    """

    text: str
    name: str
    sources: tuple[str, ...]
    fingerprint: str
    unit: str
    encoding: str = ENCODING


def read_corpus(sources: Sequence[str], *, encoding: str = ENCODING, as_bytes: bool = False) -> Corpus:
    """Read ``sources`` as one corpus, character for character: newlines stay as they are.

    Args:
        sources: files, folders (all files below, sorted by path, hidden ones left out) or "-" for standard input.
        encoding: how bytes become characters. In UTF-8, a byte order mark at a file's start is dropped.
        as_bytes: make every byte a character instead; ``encoding`` is not used.

    Raises:
        ConfigError: the encoding is unknown.
        CorpusError: a source is missing, cannot be read or decoded, or there are fewer than two characters in all.
    """
    text = "".join(piece.text for piece in read_pieces(sources, encoding=encoding, as_bytes=as_bytes))
    if len(text) < 2:
        raise CorpusError(too_short(sources, len(text)))
    paths = tuple(source if source == STDIN else str(_absolute(source)) for source in sources)
    return Corpus(
        text, corpus_name(sources[0]), paths, fingerprint(text), "byte" if as_bytes else "character", encoding
    )


def corpus_name(source: str) -> str:
    """The name of a corpus whose first source is ``source``: letters, digits, "-", "_" and ".", fit for a folder.

    It never starts with "." (hidden) or "-" (an option, to a shell), and is never empty.
    """
    if source == STDIN:
        return "stdin"
    path = _absolute(source)
    name = path.name if path.is_dir() else path.stem
    return re.sub(r"[^\w.-]", "-", name).lstrip(".-") or "corpus"


def fingerprint(text: str) -> str:
    """SHA-256 of ``text`` as UTF-8, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for start in range(0, len(text), CHUNK):
        digest.update(text[start : start + CHUNK].encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def split(text: Text, val_fraction: float) -> tuple[Text, Text]:
    """Cut ``text`` into a part to train on and, after it, a part to validate with.

    A validation part of fewer than two characters predicts nothing: it is left empty, and all is for training. The
    part to train on keeps at least two characters.

    Args:
        text: N characters, or an array (N,) of ids, of which views are returned.
        val_fraction: the share that validates, 0 to less than 1.

    Raises:
        ConfigError: the fraction is out of range.
    """
    if not 0 <= val_fraction < 1:
        raise ConfigError(f"val_fraction must be at least 0 and less than 1, got {val_fraction}; 0.1 is usual")
    cut = max(2, int(len(text) * (1 - val_fraction)))
    if len(text) - cut < 2:
        cut = len(text)
    return text[:cut], text[cut:]


def too_short(sources: Sequence[str], length: int) -> str:
    """The message for a corpus of fewer than two characters."""
    if not sources:
        return "a corpus needs at least one source, got none; name a file, a folder, or - for standard input"
    origin = ", ".join("stdin" if source == STDIN else source for source in sources)
    got = f"{origin} is empty" if length == 0 else f"got one in {origin}"
    return f"a corpus needs at least two characters, {got}; use a longer text"


def _absolute(source: str) -> Path:
    """The absolute path, without "..", links not followed: a link's own name is the one that the user chose."""
    return Path(os.path.abspath(source))  # noqa: PTH100
