"""Spaces between words."""

import re
from collections.abc import Sequence

from charrnn.models.restorer.task import Task

_SPACE = " "


class Spaces(Task):
    """The task ``spaces``: single ones between other characters; those of an indent or a wider gap stay."""

    name = "spaces"
    wanted = "words with spaces between them"
    counted = (_SPACE, "spaces")
    stands_between = True

    def pieces(self, text: str) -> Sequence[str]:
        """See ``Task``: characters, with the space that follows."""
        return re.findall(r"\S (?=\S)|.", text, re.DOTALL)

    def parted(self, piece: str) -> tuple[str, str]:
        """See ``Task``."""
        return piece[0], piece[1:]

    def joined(self, character: str, answer: str) -> str:
        """See ``Task``."""
        return character if character.isspace() else character + answer
