"""A corpus: a text as numbers, its name and its fingerprint."""

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
from charrnn.text.sources import STDIN
from charrnn.text.vocabulary import Vocabulary

UNFIT = re.compile(r"[^\w.-]")
"""In a run's name, but for marks and joiners."""

COMBINING, JOINERS = ("Mn", "Mc", "Me"), "\u200c\u200d"
"""Categories of accents and vowel signs, which come after their letters; what joins letters or keeps them apart."""

Ids = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Corpus:
    """A text to train on.

    Attributes:
        ids: (N,) its characters, of any integer type; perhaps in a file. Of documents, see ``charrnn.text.documents``.
        vocabulary: what they stand for.
        fingerprint: SHA-256 of the text as UTF-8, as 64 hexadecimal digits. The code points of a corpus of bytes are
            the bytes' values. Documents are in it with their ends, rare characters as they are in the text.
        min_count: how often a character had to occur; others were replaced.
    """

    ids: Ids
    vocabulary: Vocabulary
    fingerprint: str
    min_count: int = 0


def corpus_name(source: str) -> str:
    """The name of a corpus whose first source is ``source``: letters with their marks, digits, "-", "_" and ".".

    It is fit for a folder: it never starts with "." (hidden) or "-" (an option, to a shell), and is never empty.
    """
    return corpus_names(source)[0]


def corpus_names(source: str) -> list[str]:
    """``corpus_name``, and the others that a run of the corpus may have.

    Earlier versions dropped marks and joiners. A source that is gone may have been a folder, whose name is kept whole.
    """
    if source == STDIN:
        return ["stdin"]
    path = _absolute(source)
    names = [path.name] if path.is_dir() else [path.stem, path.name]
    names = [UNFIT.sub(keep_marks, name) for name in names] + [UNFIT.sub("-", name) for name in names]
    return [name.lstrip(".-") or "corpus" for name in names]


def keep_marks(found: re.Match[str]) -> str:
    """What takes the place of a character that is unfit for a name, unless it is a mark or a joiner."""
    return found[0] if category(found[0]) in COMBINING or found[0] in JOINERS else "-"


def split(ids: Ids, val_fraction: float) -> tuple[Ids, Ids]:
    """Cut a text into a part to train on and, after it, a part to validate with.

    A validation part of fewer than two characters predicts nothing: it is left empty, and all is for training. The
    part to train on keeps at least two characters.

    Args:
        ids: (N,) the text; views of it are returned.
        val_fraction: the share that validates, 0 to less than 1.

    Raises:
        ConfigError: the fraction is out of range.
    """
    if not 0 <= val_fraction < 1:
        raise ConfigError(f"val_fraction must be at least 0 and less than 1, not {val_fraction}: 0.1 is usual")
    cut = max(2, int(len(ids) * (1 - val_fraction)))
    if len(ids) - cut < 2:
        cut = len(ids)
    return ids[:cut], ids[cut:]


def check_ids(ids: Ids, symbols: int) -> None:
    """Nothing, if all ids are below ``symbols``; a kernel would take others for addresses.

    Raises:
        CorpusError: one is not: the file that holds them is damaged.
    """
    if not 0 <= ids.min(initial=0) <= ids.max(initial=0) < symbols:
        raise CorpusError(
            f"the ids of a text must be 0 to {symbols - 1}, but others were found: the run's corpus.safetensors is "
            "damaged; remove it, and go on with --resume"
        )


def release_pages(ids: object) -> None:
    """Let the system have the memory into which it has mapped ids of a file; they can be read as before.

    It would take that back by itself when it is short of memory, but until then it counts as this process's.
    """
    base = ids
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        base.madvise(mmap.MADV_DONTNEED)


def absolute(sources: Sequence[str]) -> tuple[str, ...]:
    """The sources as they are found from any folder."""
    return tuple(source if source == STDIN else str(_absolute(source)) for source in sources)


def too_short(sources: Sequence[str], length: int) -> str:
    """The message for a corpus of fewer than two characters."""
    if not sources:
        return "a corpus needs at least one source, not none: give a file, a folder, or - for standard input"
    origin = ", ".join("stdin" if source == STDIN else source for source in sources)
    got = "is empty" if length == 0 else "holds one"
    return f"a corpus needs at least two characters, but {origin} {got}: use a longer text"


def _absolute(source: str) -> Path:
    """The absolute path, without "..", links not followed: a link's own name is the one that the user chose."""
    return Path(os.path.abspath(source))  # noqa: PTH100
