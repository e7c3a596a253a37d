"""Answers to the lines of one text, where a line's answer may depend on the lines before it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charrnn.kinds.contract import Answer


class InContext:
    """A function that answers the lines of a text in parts; how the text is split into parts changes no answer.

    Args:
        answers: function that answers some lines, the first of which begins a text.
        characters: number of characters of preceding lines that are read as a line's context; 0 for none.
    """

    def __init__(self, answers: "Callable[..., list[list[Answer]]]", characters: int) -> None:
        self._answers, self._characters = answers, characters
        self._before: list[str] = []

    def __call__(self, lines: Sequence[str], **how: Any) -> "list[list[Answer]]":
        """Answer the next lines; an empty line gets no answer, but is read as context."""
        asked = [*self._before, *(line for line in lines if line or self._characters)]
        found = iter(self._answers(asked, **how)[len(self._before) :])
        kept = characters = 0
        while kept < len(asked) and characters < self._characters:
            kept += 1
            characters += len(asked[-kept]) + 1
        self._before = asked[len(asked) - kept :]
        answers = [next(found) if line or self._characters else [] for line in lines]
        return [each if line else [] for line, each in zip(lines, answers, strict=True)]
