"""The task of correcting typing errors: missing, needless, wrong and swapped letters.

The model reads text with random errors, drawn anew in each epoch, and predicts an answer at each character:

    ""     keep it         "-"    delete it         "=x"   replace it by x         "+x"   insert x before it

Two swapped letters are two letters to be replaced. The end of a line counts as a character, so that a letter can be
inserted before it. So the model is a denoising autoencoder (Vincent et al. 2008) whose output is an edit of its input.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from charrnn.models.restorer.task import Task

ERROR_RATE = 0.03
"""Probability of an error at a character."""

COMMON = 0.0005
"""Least share of the text's characters that a character must have to take part in errors."""

_KINDS = ("other", "missing", "needless", "swapped")
_SHARES = np.cumsum((0.4, 0.2, 0.2, 0.2))

_END = "\n"


class Typos(Task):
    """The task ``typos``: correct typing errors."""

    name = "typos"
    wanted = "some letters again and again"
    keeps = False
    adds_noise = True

    def pieces(self, text: str) -> Sequence[str]:
        """Cut a text into characters; see ``Task``."""
        return text

    def parted(self, piece: str) -> tuple[str, str]:
        """The piece itself and no answer, as the text does not tell what is wrong; see ``Task``."""
        return piece, ""

    def joined(self, character: str, answer: str) -> str:
        """The characters after the correction; see ``Task``."""
        if answer[:1] == "+":
            return answer[1:] + character
        if not answer or character == _END:
            return character
        return answer[1:]

    def answers(self, texts: Sequence[str], characters: str) -> set[str]:
        """All edits with common characters; see ``Task``."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        least = COMMON * counts.total()
        common = [character for character, count in counts.items() if count > max(1, least)]
        return {"", *(["-"] if common else []), *(sign + character for sign in "=+" for character in common)}

    def noised(self, text: str, answers: Sequence[str], random: np.random.Generator) -> list[tuple[str, str]]:
        """Draw errors into a text, with at least one right character after each error; see ``Task``."""
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
