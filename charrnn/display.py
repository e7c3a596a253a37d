"""Text that people read: which characters a terminal may be shown, how wide they are, and words for a shell."""

import shlex
from collections.abc import Iterable
from unicodedata import bidirectional, category, east_asian_width

DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes of the characters that turn the direction of all that follows."""

WITHOUT_WIDTH = {"Mn", "Me", "Cf"}
"""Categories of combining marks, joiners and variation selectors."""

SOFT_HYPHEN = "\xad"
"""The only common one of these categories that terminals show."""


def is_harmless(character: str) -> bool:
    """Whether a terminal shows the character as text: letters, signs, spaces and joiners, but no controls."""
    if character.isprintable():
        return True
    return category(character) in ("Zs", "Cf") and bidirectional(character) not in DIRECTIONS


def visible(text: str) -> Iterable[str]:
    """Each character of a text, escaped where it is not harmless."""
    return (c if is_harmless(c) else repr(c)[1:-1] for c in text)


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(map(_columns, text))


def trimmed(pieces: Iterable[str], width: int) -> str:
    """The first of the pieces, of a text its characters, that fit into ``width`` columns, which may be negative."""
    kept = []
    for piece in pieces:
        width -= width_of(piece)
        if width < 0:
            break
        kept.append(piece)
    return "".join(kept)


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if category(character) in WITHOUT_WIDTH and character != SOFT_HYPHEN:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def pasteable(words: Iterable[str]) -> str:
    """A command line that bash reads as these words, even after a terminal has shown it.

    Bytes that are not text, control characters and the like are written in octal, between $' and '.
    """
    return " ".join(shlex.quote(word) if all(map(is_harmless, word)) else f"$'{_octal(word)}'" for word in words)


def _octal(word: str) -> str:
    return "".join(
        c
        if is_harmless(c) and c not in "'\\!"
        else "".join(f"\\{byte:03o}" for byte in c.encode("utf-8", "surrogateescape"))
        for c in word
    )
