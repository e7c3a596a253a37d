"""Typing errors: a letter that is missing, needless or another one, or two that have changed places.

The model reads text to which errors are added, other ones in each epoch, and answers at each character:

    ""     it stays         "-"    it is needless         "=x"   it should be x         "+x"   x is missing before it

Two letters that have changed places are two that should be others. The end of a line is a character, too, before which
one can be missing. So the model is a denoising autoencoder (Vincent et al. 2008) whose output is an edit of its input.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from charrnn.models.restorer.task import Task

ERROR_RATE = 0.03
"""Errors for each character."""

COMMON = 0.0005
"""The least part of a text that a character must be to be typed wrongly."""

_KINDS = ("other", "missing", "needless", "swapped")
_SHARES = np.cumsum((0.4, 0.2, 0.2, 0.2))

_END = "\n"


class Typos(Task):
    """The task ``typos``."""

    name = "typos"
    wanted = "some letters again and again"
    keeps = False
    adds_noise = True

    def pieces(self, text: str) -> Sequence[str]:
        """See ``Task``: characters."""
        return text

    def parted(self, piece: str) -> tuple[str, str]:
        """See ``Task``: nothing tells what is wrong."""
        return piece, ""

    def joined(self, character: str, answer: str) -> str:
        """See ``Task``."""
        if answer[:1] == "+":
            return answer[1:] + character
        if not answer or character == _END:
            return character
        return answer[1:]

    def answers(self, texts: Sequence[str], characters: str) -> set[str]:
        """See ``Task``: those about characters that are common."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        least = COMMON * counts.total()
        common = [character for character, count in counts.items() if count > max(1, least)]
        return {"", *(["-"] if common else []), *(sign + character for sign in "=+" for character in common)}

    def noised(self, text: str, answers: Sequence[str], random: np.random.Generator) -> list[tuple[str, str]]:
        """See ``Task``: there is at least one right character after each error."""
        common = [answer[1:] for answer in answers if answer[:1] == "="]
        known, drawn = set(common), random.random((len(text), 2))
        noised: list[tuple[str, str]] = []
        at, is_after_error = 0, True
        while at < len(text):
            character, following = text[at], text[at + 1 : at + 2]
            if is_after_error or drawn[at, 0] >= ERROR_RATE or character not in known:
                noised.append((character, ""))
                at, is_after_error = at + 1, False
                continue
            kind = _KINDS[int(np.searchsorted(_SHARES, drawn[at, 1], side="right"))]
            other = common[int(drawn[at, 0] / ERROR_RATE * len(common))]
            is_after_error = True
            if kind == "missing" and following:
                noised.append((following, "+" + character))
                at += 2
            elif kind == "swapped" and following in known and following != character:
                noised += [(following, "=" + character), (character, "=" + following)]
                at += 2
            elif kind == "needless":
                noised += [(other, "-"), (character, "")]
                at += 1
            else:
                noised.append((other, "=" + character) if other != character else (character, ""))
                at += 1
        return noised
