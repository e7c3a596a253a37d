"""A corpus: a text as ids, its name and its fingerprint."""

import mmap
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError
from charrnn.system import fits_everywhere
from charrnn.text.sources import STDIN
from charrnn.text.vocabulary import Vocabulary

UNFIT = re.compile(r"[^\w.-]")
"""Characters that the name of a run cannot contain, unless they are marks or joiners."""

COMBINING, JOINERS = ("Mn", "Mc", "Me"), "\u200c\u200d"
"""Categories of combining accents and vowel signs; and the characters that join or separate letters."""

Ids = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Corpus:
    """A text to train on.

    Attributes:
        ids: (N,) ids of the characters, of any integer type, perhaps memory-mapped; see also
            ``charrnn.text.documents``.
        vocabulary: the characters that the ids stand for.
        fingerprint: SHA-256 of the text as UTF-8, in 64 hexadecimal digits, with END after each document and before
            rare characters were replaced. A byte counts as the character with its number.
        min_count: least number of times that a character had to occur; rarer ones were replaced.
    """

    ids: Ids
    vocabulary: Vocabulary
    fingerprint: str
    min_count: int = 0


def corpus_name(source: str) -> str:
    """Derive a run's name from its first source; only letters and their marks, digits, "-", "_" and "." remain.

    The name can name a folder: it is not empty and does not start with "." (hidden) or "-" (an option).
    """
    return corpus_names(source)[0]


def corpus_names(source: str) -> list[str]:
    """List ``corpus_name`` and the other names that a run on this corpus may have.

    Earlier versions dropped marks and joiners, and kept names that Windows refuses. A source that no longer exists may
    have been a folder, and the name of a folder keeps its suffix.
    """
    if source == STDIN:
        return ["stdin"]
    path = _absolute(source)
    names = [path.name] if path.is_dir() else [path.stem, path.name]
    names = [UNFIT.sub(keep_marks, name) for name in names] + [UNFIT.sub("-", name) for name in names]
    before = [name.lstrip(".-") or "corpus" for name in names]
    kept = [name.rstrip(".") for name in before]
    return [name if fits_everywhere(name) else f"_{name}" for name in kept] + before


def keep_marks(found: re.Match[str]) -> str:
    """Return "-" for a character that a name cannot contain, unless it is a mark or a joiner."""
    return found[0] if category(found[0]) in COMBINING or found[0] in JOINERS else "-"


def split(ids: Ids, val_fraction: float) -> tuple[Ids, Ids]:
    """Cut a text into a training part and, after it, a validation part.

    A validation part of fewer than two characters would predict nothing and is left empty. The training part keeps at
    least two characters.

    Args:
        ids: (N,) the text; views of it are returned.
        val_fraction: the fraction for validation, at least 0 and less than 1.

    Raises:
        ConfigError: The fraction is out of range.
    """
    if not 0 <= val_fraction < 1:
        raise ConfigError(f"val_fraction must be at least 0 and less than 1, not {val_fraction}: 0.1 is usual")
    cut = max(2, int(len(ids) * (1 - val_fraction)))
    if len(ids) - cut < 2:
        cut = len(ids)
    return ids[:cut], ids[cut:]


def check_ids(ids: Ids, symbols: int) -> None:
    """Raise unless all ids are below ``symbols``, as kernels would read out of bounds.

    Raises:
        CorpusError: An id is out of range, as the file that holds the ids is damaged.
    """
    if not 0 <= ids.min(initial=0) <= ids.max(initial=0) < symbols:
        raise CorpusError(
            f"the ids of a text must be 0 to {symbols - 1}, but others were found: the run's corpus.safetensors is "
            "damaged; remove it, and go on with --resume"
        )


def release_pages(ids: object) -> None:
    """Release the memory of memory-mapped ids, which can still be read.

    The system would reclaim it when memory is short, but until then it counts as this process's memory.
    """
    base = ids
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        base.madvise(mmap.MADV_DONTNEED)


def absolute(sources: Sequence[str]) -> tuple[str, ...]:
    """Make the sources' paths absolute."""
    return tuple(source if source == STDIN else str(_absolute(source)) for source in sources)


def too_short(sources: Sequence[str], length: int) -> str:
    """Build the error message for a corpus of fewer than two characters."""
    if not sources:
        return "a corpus needs at least one source, not none: give a file, a folder, or - for standard input"
    origin = ", ".join("stdin" if source == STDIN else source for source in sources)
    got = "is empty" if length == 0 else "holds one"
    return f"a corpus needs at least two characters, but {origin} {got}: use a longer text"


def _absolute(source: str) -> Path:
    """Make a path absolute and resolve "..", but keep links, as the user chose the link's name."""
    return Path(os.path.abspath(source))  # noqa: PTH100
