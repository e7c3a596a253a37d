"""Lines of one text, each of which may be answered in the light of those before it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charrnn.kinds.contract import Answer


class InContext:
    """Answers lines of a text, of which some come at a time; how many, changes no answer.

    Args:
        answers: answers some lines, the first of which begins a text.
        characters: of the lines before it that a line is answered with.
    """

    def __init__(self, answers: "Callable[..., list[list[Answer]]]", characters: int) -> None:
        self._answers, self._characters = answers, characters
        self._before: list[str] = []

    def __call__(self, lines: Sequence[str], **how: Any) -> "list[list[Answer]]":
        """The answers to the next lines; none to an empty one, though it may part those beside it."""
        asked = [*self._before, *(line for line in lines if line or self._characters)]
        found = iter(self._answers(asked, **how)[len(self._before) :])
        kept = characters = 0
        while kept < len(asked) and characters < self._characters:
            kept += 1
            characters += len(asked[-kept]) + 1
        self._before = asked[len(asked) - kept :]
        answers = [next(found) if line or self._characters else [] for line in lines]
        return [each if line else [] for line, each in zip(lines, answers, strict=True)]
