"""Numbering a text that comes in pieces and is read once, when nobody knows yet which characters it holds."""

import hashlib
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.text.vocabulary import CHUNK, Vocabulary, code_points

Array = npt.NDArray[Any]

ASCII = 128
"""Codes of characters that UTF-8 writes as one byte."""


class Numbering:
    """Numbers characters in the order in which they appear; ``final`` tells how a vocabulary numbers them.

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
        self.characters += len(text)
        parts = [self._part(text[start : start + CHUNK]) for start in range(0, len(text), CHUNK)]
        return np.concatenate(parts, dtype=smallest_type(len(self._codes)), casting="unsafe")

    def _part(self, text: str) -> Array:
        data = text.encode("utf-8", "surrogatepass")
        self._digest.update(data)
        return self._ascii(data) if text.isascii() else self._any(code_points(text))

    def _ascii(self, data: bytes) -> Array:
        """As ``_any``, several times faster."""
        known = bytes(code for code in self._codes if code < ASCII)
        self._learn(np.frombuffer(data.translate(None, known), np.uint8))
        numbers = self._numbers[:ASCII].astype(smallest_type(len(self._codes)))
        if numbers.itemsize > 1:
            return numbers[np.frombuffer(data, np.uint8)]
        return np.frombuffer(data.translate(numbers.tobytes() + bytes(256 - ASCII)), np.uint8)

    def _any(self, codes: Array) -> Array:
        numbers = self._numbers[codes]
        if numbers.min() < 0:
            self._learn(codes[numbers < 0])
            numbers = self._numbers[codes]
        return numbers

    def _learn(self, unknown: Array) -> None:
        """Number the characters of these codes."""
        new = np.unique(unknown)
        self._numbers[new] = np.arange(len(self._codes), len(self._codes) + len(new))
        self._codes += new.tolist()

    def vocabulary(self, unit: str, documents: str = "") -> Vocabulary:
        """The vocabulary of the text."""
        return Vocabulary("".join(map(chr, sorted(self._codes))), unit, documents)

    def final(self, vocabulary: Vocabulary) -> Array:
        """The id of each number in a vocabulary that holds all characters of the text."""
        return vocabulary.encode("".join(map(chr, self._codes))).astype(smallest_type(len(vocabulary)))

    def fingerprint(self) -> str:
        """SHA-256 of the text as UTF-8, as 64 hexadecimal digits."""
        return self._digest.hexdigest()


def smallest_type(count: int) -> type[np.integer[Any]]:
    """The smallest type of the numbers 0 to count - 1 that kernels take."""
    return np.uint8 if count <= 1 << 8 else np.uint16 if count <= 1 << 16 else np.int32
