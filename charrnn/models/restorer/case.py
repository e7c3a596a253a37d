"""Upper case and lower case."""

from collections.abc import Sequence

from charrnn.models.restorer.task import Task

_UPPER = "^"


class Case(Task):
    """The task ``case``, of letters whose other case is one letter that leads back to them.

    A capital may begin a sentence that the line before has ended, so a line is read with the end of those before it.
    """

    name = "case"
    wanted = "letters in both upper and lower case"
    counted = (_UPPER, "capital letters")
    context = 32
    keeps = False

    def pieces(self, text: str) -> Sequence[str]:
        """See ``Task``: characters."""
        return text

    def parted(self, piece: str) -> tuple[str, str]:
        """See ``Task``."""
        lower = piece.lower()
        is_capital = len(lower) == 1 and lower != piece and lower.upper() == piece
        return (lower, _UPPER) if is_capital else (piece, "")

    def joined(self, character: str, answer: str) -> str:
        """See ``Task``."""
        upper = character.upper()
        return upper if answer and len(upper) == 1 and upper.lower() == character else character
