"""Vocabularies: the numbering of characters, from text to ids and back."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, VocabularyError
from charrnn.text.surrogates import CODE_UNIT, SURROGATE, has_surrogates, join_pairs, split_pairs

END = "\U0010ffff"
"""The symbol for the end of a document: the last code point, which Unicode reserves for internal use."""

UNITS = ("character", "byte")

LOOKED_UP = 1 << 16
"""Characters that are looked up at a time, so that their codes and indices fit into the CPU's cache."""

MAX_SHOWN = 5
"""Most characters that an error message names."""


@dataclass(frozen=True)
class Vocabulary:
    """The characters that a model knows; a character's id is its index in ``symbols``.

    Attributes:
        symbols: distinct characters in code point order. For a model of documents, the last one is END.
        unit: "character" for Unicode code points, "byte", or CODE_UNIT. A text of bytes is a str too: each byte is the
            character of that number, as in Latin-1.
        documents: how a text is split into documents, see ``charrnn.text.documents``; "" if it is not.

    Raises:
        ConfigError: The unit is unknown, or a separator of documents holds END.
        VocabularyError: There are no symbols, or they repeat, are out of order or do not fit the unit; or END is
            missing in a vocabulary of documents.
    """

    symbols: str
    unit: str = "character"
    documents: str = ""

    def __post_init__(self) -> None:
        if self.unit not in (*UNITS, CODE_UNIT):
            raise ConfigError(f"the unit must be one of {', '.join(UNITS)}, not {self.unit!r}: choose one of them")
        if not isinstance(self.documents, str) or END in self.documents:
            raise ConfigError(
                f"documents must be line, file or what separates them, not {self.documents!r}: choose another"
            )
        if not self.symbols:
            raise VocabularyError("a vocabulary needs at least one character, not none: use a text that is not empty")
        if any(left >= right for left, right in pairwise(self.symbols)):
            raise VocabularyError("the symbols must be distinct and in code point order: use Vocabulary.of(text)")
        if self.unit != CODE_UNIT and (found := SURROGATE.search(self.symbols)):
            raise VocabularyError(f"the symbols must be characters, not {found[0]!r}, half of one: take it out")
        if self.documents and self.symbols[-1] != END:
            raise VocabularyError(f"the last symbol of documents must be {END!r}, not {self.symbols[-1]!r}: add it")
        if self.unit == "byte" and self.characters[-1:] > "\xff":
            raise VocabularyError(
                f"bytes must be '\\x00' to '\\xff', not {self.characters[-1]!r}: decode the text as latin-1"
            )

    @classmethod
    def of(cls, text: str, unit: str = "character") -> "Vocabulary":
        """Make the vocabulary of all characters of ``text``."""
        return cls("".join(sorted(set(join_pairs(text)))), unit)

    @property
    def characters(self) -> str:
        """The symbols that a text can contain: all but END."""
        return self.symbols.removesuffix(self.end)

    @property
    def end(self) -> str:
        """END in a vocabulary of documents; "" in others, where it is an ordinary character."""
        return END if self.documents else ""

    @classmethod
    def restored(cls, size: int, symbols: str, unit: str = "character", documents: str = "") -> "Vocabulary":
        """Restore a vocabulary of ``size`` symbols from a JSON file.

        If an old vocabulary contains surrogates, JSON has joined two of them, the last first half and the first second
        half, to one character. It is the lowest character above the surrogates, and is split again.

        Raises:
            VocabularyError: See the class; or there are not ``size`` symbols.
            ConfigError: See the class.
        """
        if len(symbols) == size - 1 and (joined := re.search("[\ue000-\U0010ffff]", symbols)):
            symbols = symbols.replace(joined[0], split_pairs(joined[0]))
        if unit == "character" and has_surrogates(symbols):
            unit = CODE_UNIT
        if len(symbols) != size:
            raise VocabularyError(f"a vocabulary of {size} must have as many symbols, not {len(symbols)}")
        return cls(symbols, unit, documents)

    def joined(self, symbols: str) -> "Vocabulary":
        """Return a vocabulary with further symbols."""
        return replace(self, symbols="".join(sorted({*self.symbols, *symbols})))

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, character: object) -> bool:
        return isinstance(character, str) and len(character) == 1 and character in self.symbols

    def encode(self, text: str, *, before: int = 0) -> npt.NDArray[np.int32]:
        """Return the ids of the characters of ``text``: (N,) int32.

        Args:
            text: the text, or a part of one.
            before: number of characters before this part, for positions in an error message.

        Raises:
            VocabularyError: The text holds a character that the vocabulary lacks.
        """
        ids = self.find(text)
        if ids.min(initial=0) < 0:
            raise self.unknown(text, before)
        return ids

    def find(self, text: str) -> npt.NDArray[np.int32]:
        """Return the ids of the characters of ``text``, -1 for unknown ones: (N,) int32."""
        ids = np.empty(len(text), np.int32)
        for start in range(0, len(text), LOOKED_UP):
            codes = code_points(text[start : start + LOOKED_UP])
            self._id_of_code.take(codes, mode="clip", out=ids[start : start + LOOKED_UP])
        return ids

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of ``ids``: (N,) integers from 0 to ``len(self) - 1``.

        Raises:
            VocabularyError: An id is out of range.
        """
        ids = np.asarray(ids)
        if ids.size == 0:
            return ""
        for extreme in (ids.min(), ids.max()):
            if not 0 <= extreme < len(self):
                raise VocabularyError(
                    f"an id must be 0 to {len(self) - 1}, not {extreme}: decode with the vocabulary that encoded it"
                )
        return str(code_points(self.symbols)[ids].tobytes(), "utf-32-le", "surrogatepass")

    @cached_property
    def _id_of_code(self) -> npt.NDArray[np.int32]:
        """The id of each code point, -1 if unknown; the last entry stands for all greater code points."""
        codes = code_points(self.symbols)
        table = np.full(codes[-1] + 2, -1, np.int32)
        table[codes] = np.arange(len(codes))
        return table

    def unknown(self, text: str, before: int = 0) -> VocabularyError:
        """Make the error for unknown characters in a text; ``before`` counts the characters before it.

        Positions in the message count from 1.
        """
        strange = set(text) - set(self.symbols) or set(text) - set(self.characters)  # END may separate documents
        unknown = sorted(strange, key=text.index)
        names = ", ".join(f"{self._name(c)} at position {before + text.index(c) + 1}" for c in unknown[:MAX_SHOWN])
        more = f" and {len(unknown) - MAX_SHOWN} more" if len(unknown) > MAX_SHOWN else ""
        return VocabularyError(
            f"the text must hold only the {len(self.characters)} {self.unit}s of the vocabulary, not {names}{more}: "
            "take them out, or train on a text that holds them"
        )

    def _name(self, character: str) -> str:
        """Format a character for an error message."""
        return f"0x{ord(character):02x}" if self.unit == "byte" else repr(character)


def code_points(text: str) -> npt.NDArray[np.int32]:
    """Return the code points of ``text``: (N,) int32, little-endian."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<i4")
