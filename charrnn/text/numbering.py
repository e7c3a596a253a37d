"""Number the characters of a text that is read once, in pieces, before its vocabulary is known."""

import hashlib
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.text.symbols import closest
from charrnn.text.vocabulary import LOOKED_UP, Vocabulary, code_points

Numbers = npt.NDArray[Any]
"""Code points or ids."""

ASCII = 128
"""Number of characters that UTF-8 encodes as one byte."""


class Numbering:
    """Numbers characters in the order in which they first appear; ``final`` then maps numbers to a vocabulary's ids.

    Attributes:
        characters: number of characters numbered so far.
    """

    def __init__(self) -> None:
        self.characters = 0
        self._numbers = np.full(sys.maxunicode + 1, -1, np.int32)
        self._codes: list[int] = []
        self._digest = hashlib.sha256()

    def add(self, text: str) -> Numbers:
        """Return the numbers (N,) of the next piece of text, in the smallest type that holds all numbers so far."""
        self.characters += len(text)
        parts = [self._part(text[start : start + LOOKED_UP]) for start in range(0, len(text), LOOKED_UP)]
        return np.concatenate(parts, dtype=smallest_type(len(self._codes)), casting="unsafe")

    def _part(self, text: str) -> Numbers:
        data = text.encode("utf-8", "surrogatepass")
        self._digest.update(data)
        return self._ascii(data) if text.isascii() else self._any(code_points(text))

    def _ascii(self, data: bytes) -> Numbers:
        """Return the numbers of an ASCII text; the same as ``_any``, several times faster."""
        known = bytes(code for code in self._codes if code < ASCII)
        self._learn(np.frombuffer(data.translate(None, known), np.uint8))
        numbers = self._numbers[:ASCII].astype(smallest_type(len(self._codes)))
        if numbers.itemsize > 1:
            return numbers[np.frombuffer(data, np.uint8)]
        return np.frombuffer(data.translate(numbers.tobytes() + bytes(256 - ASCII)), np.uint8)

    def _any(self, codes: Numbers) -> Numbers:
        numbers = self._numbers[codes]
        if numbers.min() < 0:
            self._learn(codes[numbers < 0])
            numbers = self._numbers[codes]
        return numbers

    def _learn(self, unknown: Numbers) -> None:
        """Assign the next numbers to characters that have none, given by their code points."""
        new = np.unique(unknown)
        self._numbers[new] = np.arange(len(self._codes), len(self._codes) + len(new))
        self._codes += new.tolist()

    def vocabulary(self, unit: str, documents: str = "", without: Iterable[int] = ()) -> Vocabulary:
        """Make the vocabulary of the text, except for characters whose numbers are in ``without``."""
        codes = set(self._codes).difference(self._codes[number] for number in without)
        return Vocabulary("".join(map(chr, sorted(codes))), unit, documents)

    def numbers(self, characters: str) -> list[int]:
        """Return the numbers of those ``characters`` that occur in the text."""
        numbers: list[int] = self._numbers[[ord(character) for character in characters]].tolist()
        return [number for number in numbers if number >= 0]

    def final(self, vocabulary: Vocabulary) -> "Renumbering":
        """Map each number to ids of a vocabulary; a character that it lacks gets the ids of the closest known ones."""
        characters = "".join(map(chr, self._codes))
        known = (vocabulary.find(characters) >= 0).tolist()
        texts = [c if is_known else closest(c, vocabulary) for c, is_known in zip(characters, known, strict=True)]
        widths = np.fromiter(map(len, texts), np.int64, len(texts))
        ids = vocabulary.encode("".join(texts)).astype(smallest_type(len(vocabulary)))
        return Renumbering(ids, widths)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the text as UTF-8, in 64 hexadecimal digits."""
        return self._digest.hexdigest()


class Renumbering:
    """A map from each of N numbers to zero or more ids.

    Args:
        ids: the concatenated ids of all numbers.
        widths: (N,) number of ids of each number.
    """

    def __init__(self, ids: Numbers, widths: npt.NDArray[np.int64]) -> None:
        self.dtype, self.widths = ids.dtype, widths
        self._ids, self._firsts = ids, np.cumsum(widths) - widths
        self._is_plain = bool((widths == 1).all())

    def __getitem__(self, numbers: Numbers) -> Numbers:
        """Return the concatenated ids of these numbers."""
        if self._is_plain:
            return self._ids[numbers]
        widths = self.widths[numbers]
        ends = np.cumsum(widths)
        shifts = np.repeat(self._firsts[numbers] - ends + widths, widths)
        return self._ids[shifts + np.arange(len(shifts))]


def smallest_type(count: int) -> type[np.integer[Any]]:
    """Return the smallest integer type that kernels accept and that holds the numbers 0 to count - 1."""
    return np.uint8 if count <= 1 << 8 else np.uint16 if count <= 1 << 16 else np.int32
