"""Numbering a text that comes in pieces and is read once, when nobody knows yet which characters it holds."""

import hashlib
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.text.vocabulary import CHUNK, Vocabulary, code_points

Array = npt.NDArray[Any]


class Numbering:
    """Numbers characters in the order in which they appear; ``final`` tells what a vocabulary numbers them.

    Attributes:
        characters: how many have been numbered.
    """

    def __init__(self) -> None:
        self.characters = 0
        self._numbers = np.full(sys.maxunicode + 1, -1, np.int32)
        self._codes: list[int] = []
        self._digest = hashlib.sha256()

    def add(self, text: str) -> Array:
        """The numbers (N,) of the next piece of text, of the smallest type that holds all so far."""
        self._digest.update(text.encode("utf-8", "surrogatepass"))
        self.characters += len(text)
        parts = [self._part(text[start : start + CHUNK]) for start in range(0, len(text), CHUNK)]
        return np.concatenate([part.astype(smallest_type(len(self._codes))) for part in parts])

    def _part(self, text: str) -> Array:
        codes = code_points(text)
        numbers = self._numbers[codes]
        if numbers.min() < 0:
            new = np.unique(codes[numbers < 0])
            self._numbers[new] = np.arange(len(self._codes), len(self._codes) + len(new))
            self._codes += new.tolist()
            numbers = self._numbers[codes]
        return numbers

    def vocabulary(self, unit: str) -> Vocabulary:
        """The vocabulary of the text."""
        return Vocabulary("".join(map(chr, sorted(self._codes))), unit)

    def final(self) -> Array:
        """(V,) the id of each number in the vocabulary."""
        codes = np.array(self._codes, np.int64)
        return np.argsort(np.argsort(codes)).astype(smallest_type(len(codes)))

    def fingerprint(self) -> str:
        """SHA-256 of the text as UTF-8, as 64 hexadecimal digits."""
        return self._digest.hexdigest()


def smallest_type(count: int) -> type[np.integer[Any]]:
    """The smallest type of the numbers 0 to count - 1 that kernels take."""
    return np.uint8 if count <= 1 << 8 else np.uint16 if count <= 1 << 16 else np.int32
