"""Accents: the marks that a letter has above, below or through it; and vowel points, where a script has them."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from charrnn.models.restorer.task import Task

_STROKES = dict(zip("łŁđĐøØħĦŧŦı", "lLdDoOhHtTi", strict=True))
"""Letters that Unicode does not decompose, and what is left of them."""

_STROKE = "\u0335"
"""The answer of those: a mark that no letter of a text is likely to have."""

_WITH_STROKE = {plain: letter for letter, plain in _STROKES.items()}


class Accents(Task):
    """The task ``accents``.

    An answer holds the combining marks of Unicode's canonical decomposition (NFD), so all letters share a class.
    """

    name = "accents"
    wanted = "letters both with and without accents"

    def pieces(self, text: str) -> Sequence[str]:
        """See ``Task``: characters, each with the combining marks that follow it."""
        if text.isascii():
            return text
        marks = "".join(sorted({c for c in set(text) if unicodedata.combining(c)}))
        return re.findall(f"[^{marks}][{marks}]*|[{marks}]", text, re.DOTALL) if marks else text

    def parted(self, piece: str) -> tuple[str, str]:
        """See ``Task``."""
        if piece in _STROKES:
            return _STROKES[piece], _STROKE
        base, marks = (decomposed := unicodedata.normalize("NFD", piece))[0], decomposed[1:]
        if marks and not unicodedata.combining(base) and all(map(unicodedata.combining, marks)):
            return base, marks
        return piece, ""

    def can_be(self, character: str, answer: str, known: Collection[str]) -> bool:
        """See ``Task``; the text may also hold the letter and its marks one after the other."""
        apart = bool(answer) and all(each in known for each in character + answer)
        return apart or super().can_be(character, answer, known)

    def joined(self, character: str, answer: str) -> str:
        """See ``Task``."""
        if answer == _STROKE and character in _WITH_STROKE:
            return _WITH_STROKE[character]
        return unicodedata.normalize("NFC", character + answer) if answer else character
