"""The task of restoring accents: marks above, below or through a letter, and the vowel points of some scripts."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from charrnn.models.restorer.task import Task

_STROKES = dict(zip("łŁđĐøØħĦŧŦı", "lLdDoOhHtTi", strict=True))
"""Letters that Unicode does not decompose, and the same letters without their stroke."""

_STROKE = "\u0335"
"""The class that stands for a stroke: a combining mark that no text is likely to contain."""

_WITH_STROKE = {plain: letter for letter, plain in _STROKES.items()}


class Accents(Task):
    """The task ``accents``.

    A class consists of the combining marks of Unicode's canonical decomposition (NFD). So letters with the same accent
    share a class.
    """

    name = "accents"
    wanted = "letters both with and without accents"

    def pieces(self, text: str) -> Sequence[str]:
        """Cut a text into characters, each with the combining marks that follow it; see ``Task``."""
        if text.isascii():
            return text
        marks = "".join(sorted({c for c in set(text) if unicodedata.combining(c)}))
        return re.findall(f"[^{marks}][{marks}]*|[{marks}]", text, re.DOTALL) if marks else text

    def parted(self, piece: str) -> tuple[str, str]:
        """The letter without accents, and its combining marks; see ``Task``."""
        if piece in _STROKES:
            return _STROKES[piece], _STROKE
        base, marks = (decomposed := unicodedata.normalize("NFD", piece))[0], decomposed[1:]
        if marks and not unicodedata.combining(base) and all(map(unicodedata.combining, marks)):
            return base, marks
        return piece[0], unicodedata.normalize("NFD", piece[1:])  # such as a syllable of Hangul and a tone mark

    def can_be(self, character: str, answer: str, known: Collection[str]) -> bool:
        """Whether the composed letter is known, or both the letter and its marks; see ``Task``."""
        apart = bool(answer) and all(each in known for each in character + answer)
        return apart or super().can_be(character, answer, known)

    def joined(self, character: str, answer: str) -> str:
        """The letter with its accents; see ``Task``."""
        if answer == _STROKE and character in _WITH_STROKE:
            return _WITH_STROKE[character]
        return unicodedata.normalize("NFC", character + answer) if answer else character
