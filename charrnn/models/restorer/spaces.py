"""The task of restoring spaces between words."""

import re
from collections.abc import Sequence

from charrnn.models.restorer.task import Task

_SPACE = " "


class Spaces(Task):
    """The task ``spaces``, for single spaces between other characters; indents and wider gaps are kept."""

    name = "spaces"
    wanted = "words with spaces between them"
    counted = (_SPACE, "spaces")
    stands_between = True

    def pieces(self, text: str) -> Sequence[str]:
        """Cut a text into characters, each with the single space that follows it; see ``Task``."""
        return re.findall(r"\S (?=\S)|.", text, re.DOTALL)

    def parted(self, piece: str) -> tuple[str, str]:
        """The character, and the space after it or ""; see ``Task``."""
        return piece[0], piece[1:]

    def joined(self, character: str, answer: str) -> str:
        """The character and perhaps a space; see ``Task``."""
        return character if character.isspace() else character + answer
