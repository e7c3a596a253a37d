"""A model's symbols and the user's text.

A model of characters reads Unicode text as it is; a model of bytes reads UTF-8, each byte as the character of that
number. An old model of code units reads UTF-16, each unit as the character of that number.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from charrnn.arguments import check_text
from charrnn.errors import ConfigError, VocabularyError
from charrnn.text.sources import Piece
from charrnn.text.surrogates import CODE_UNIT, SURROGATE, join_pairs, split_pairs, to_characters
from charrnn.text.vocabulary import Vocabulary

BYTE_ORDER_MARK = "\ufeff"
"""The byte order mark, with which some programs begin their files."""

UNKNOWN = ("error", "skip", "replace")
"""What can be done about characters that a model has never seen."""

ASCII_FORMS = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'} | dict.fromkeys("‐‑‒–—―−", "-")
)


def to_symbols(text: str | bytes, unit: str) -> str:
    """The text as a model of that unit reads it; a pair of surrogates is the character that it stands for.

    Raises:
        ConfigError: it is no text, or bytes for a model that reads characters.
        VocabularyError: it holds a surrogate that stands for no byte.
    """
    check_text("a text", text)
    if isinstance(text, str):
        text = join_pairs(text)
    if unit == "byte":
        try:
            data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        except UnicodeEncodeError as error:
            raise VocabularyError(
                f"a text for a model of bytes must be one that UTF-8 can hold, not {text[error.start]!r} at position "
                f"{error.start + 1}: take it out"
            ) from error
        return data.decode("latin-1")
    if isinstance(text, bytes):
        raise ConfigError("this model reads characters, not bytes: decode the text first")
    return split_pairs(text) if unit == CODE_UNIT else text


def to_text(symbols: str, unit: str, errors: str = "replace") -> str:
    """Symbols as Unicode: of a model of bytes, what is not UTF-8 becomes what ``errors`` of ``bytes.decode`` say.

    Of a model of code units, lone surrogates become the replacement character.
    """
    if unit == CODE_UNIT:
        return to_characters(symbols)
    return symbols.encode("latin-1").decode("utf-8", errors) if unit == "byte" else symbols


def as_symbols(text: str | bytes, vocabulary: Vocabulary) -> str:
    """As ``to_symbols``, without a byte order mark, unless the model knows it.

    Raises:
        ConfigError: as ``to_symbols``.
        VocabularyError: as ``to_symbols``.
    """
    return without_mark(to_symbols(text, vocabulary.unit), vocabulary)


def without_mark(symbols: str, vocabulary: Vocabulary) -> str:
    """The symbols without a byte order mark at their beginning, unless the model knows it."""
    mark = to_symbols(BYTE_ORDER_MARK, vocabulary.unit)
    return symbols if all(symbol in vocabulary for symbol in mark) else symbols.removeprefix(mark)


def without_marks(pieces: Iterable[Piece], vocabulary: Vocabulary) -> Iterator[Piece]:
    """Texts in pieces, each without a byte order mark at its beginning, unless the model knows it."""
    for piece in pieces:
        yield replace(piece, text=without_mark(piece.text, vocabulary)) if piece.start == 0 else piece


def to_sought(name: str, text: str | bytes, unit: str) -> str:
    """As ``to_symbols``, of a text that is looked for in others.

    Raises:
        ConfigError: it holds a lone surrogate, as no text of characters does.
    """
    symbols = to_symbols(text, unit)
    if unit == "character" and (found := SURROGATE.search(symbols)):
        raise ConfigError(f"{name} must hold characters only, not {found[0]!r}: take it out, or type it in UTF-8")
    return symbols


def known_symbols(symbols: str, vocabulary: Vocabulary, unknown: str = "error") -> str:
    """The symbols without those that the vocabulary lacks.

    Args:
        symbols: what to read.
        vocabulary: the model's.
        unknown: "error", "skip" to leave them out, or "replace" by the closest character that the vocabulary has: a
            plain quote or dash, the letter without its accents, the same in the other case, or else a space.

    Raises:
        VocabularyError: there are some, and ``unknown`` is "error".
        ConfigError: ``unknown`` is none of the three.
    """
    if unknown not in UNKNOWN:
        raise ConfigError(f"unknown must be one of {', '.join(UNKNOWN)}, not {unknown!r}")
    strange = set(symbols) - set(vocabulary.characters)
    if not strange:
        return symbols
    if unknown == "error":
        raise VocabularyError(f"{vocabulary.unknown(symbols)}, or choose --unknown skip or replace")
    table = {ord(c): closest(c, vocabulary) if unknown == "replace" else "" for c in strange}
    return symbols.translate(table)


def closest(character: str, vocabulary: Vocabulary) -> str:
    """What stands for a character that the vocabulary lacks: known characters, or nothing."""
    if vocabulary.unit == "character":
        plain = unicodedata.normalize("NFKD", character.translate(ASCII_FORMS))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        if not plain:  # a mark that combines with the character before
            return ""
        for form in (unicodedata.normalize("NFC", character), plain, plain.swapcase()):
            if form and vocabulary.find(form).min() >= 0:
                return form
    return " " if " " in vocabulary else ""
