"""Text for terminals and shells: harmless characters, their width, and quoted command lines."""

import shlex
from collections.abc import Iterable
from unicodedata import bidirectional, category, east_asian_width

DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes of characters that change the direction of all text that follows."""

WITHOUT_WIDTH = {"Mn", "Me", "Cf"}
"""Categories of characters that take no column: combining marks, joiners and variation selectors."""

SOFT_HYPHEN = "\xad"
"""The only common character of these categories that takes a column."""


def is_harmless(character: str) -> bool:
    """Whether a terminal shows the character as text: a letter, sign, space or joiner, but not a control character."""
    if character.isprintable():
        return True
    return category(character) in ("Zs", "Cf") and bidirectional(character) not in DIRECTIONS


def visible(text: str) -> Iterable[str]:
    """Yield each character of a text, escaped unless it is harmless."""
    return (c if is_harmless(c) else repr(c)[1:-1] for c in text)


def size(count: float) -> str:
    """Format bytes as 1.2 MB."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000 or unit == "GB":
            break
    return f"{count:.1f} {unit}"


def width_of(text: str) -> int:
    """Return the columns that a text takes on a terminal."""
    return sum(map(_columns, text))


def trimmed(pieces: Iterable[str], width: int) -> str:
    """Join as many of the pieces, such as a text's characters, as fit into ``width`` columns."""
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
    """Quote words so that bash reads the line as these words, even if it is copied from a terminal.

    Bytes that are not text and control characters are written in octal, between $' and '.
    """
    return " ".join(shlex.quote(word) if all(map(is_harmless, word)) else f"$'{_octal(word)}'" for word in words)


def _octal(word: str) -> str:
    return "".join(
        c
        if is_harmless(c) and c not in "'\\!"
        else "".join(f"\\{byte:03o}" for byte in c.encode("utf-8", "surrogateescape"))
        for c in word
    )
