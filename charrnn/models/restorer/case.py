"""The task of restoring capitals in lower-case text."""

from collections.abc import Sequence

from charrnn.models.restorer.task import Task

_UPPER = "^"


class Case(Task):
    """The task ``case``, for letters whose upper and lower case are one letter each and lead back to each other.

    A capital may begin a sentence because the previous line has ended one. So a line is read with the end of the
    previous lines.
    """

    name = "case"
    wanted = "letters in both upper and lower case"
    counted = (_UPPER, "capital letters")
    context = 32
    keeps = False

    def pieces(self, text: str) -> Sequence[str]:
        """Cut a text into characters; see ``Task``."""
        return text

    def parted(self, piece: str) -> tuple[str, str]:
        """The letter in lower case, and "^" if it was a capital; see ``Task``."""
        lower = piece.lower()
        is_capital = len(lower) == 1 and lower != piece and lower.upper() == piece
        return (lower, _UPPER) if is_capital else (piece, "")

    def joined(self, character: str, answer: str) -> str:
        """The letter in the case of the class; see ``Task``."""
        upper = character.upper()
        return upper if answer and len(upper) == 1 and upper.lower() == character else character
