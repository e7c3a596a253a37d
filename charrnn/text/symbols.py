"""Convert a user's text to a model's symbols, and back.

The symbols of a model of characters are the text's characters. Those of a model of bytes are the bytes of UTF-8, each
as the character with that number. Those of an old model of code units are the units of UTF-16.
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
"""The byte order mark with which some programs begin files."""

UNKNOWN = ("error", "skip", "replace")
"""Ways to treat characters that a model does not know."""

ASCII_FORMS = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'} | dict.fromkeys("‐‑‒–—―−", "-")
)


def to_symbols(text: str | bytes, unit: str) -> str:
    """Convert a text to symbols: characters or bytes, as ``unit`` says; a pair of surrogates becomes its character.

    Raises:
        ConfigError: The text is neither a string nor bytes, or is bytes although the model is of characters.
        VocabularyError: The text for a model of bytes contains a surrogate that does not stand for a byte.
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
    """Convert symbols to Unicode text; ``errors`` is for invalid UTF-8, as in ``bytes.decode``.

    For a model of code units, lone surrogates become the replacement character.
    """
    if unit == CODE_UNIT:
        return to_characters(symbols)
    return symbols.encode("latin-1").decode("utf-8", errors) if unit == "byte" else symbols


def as_symbols(text: str | bytes, vocabulary: Vocabulary) -> str:
    """Convert a text to a model's symbols, without what programs added and the model does not know.

    Raises:
        ConfigError: See ``to_symbols``.
        VocabularyError: See ``to_symbols``.
    """
    piece = Piece("", 0, to_symbols(text, vocabulary.unit))
    return "".join(piece.text for piece in without_additions([piece], vocabulary))


def without_additions(pieces: Iterable[Piece], vocabulary: Vocabulary) -> Iterator[Piece]:
    r"""Remove what programs add to texts, as far as the model does not know it.

    These are a byte order mark at the beginning of a text, and the carriage returns of line ends ``\r\n``.
    """
    mark = to_symbols(BYTE_ORDER_MARK, vocabulary.unit)
    keeps_mark, keeps_returns = all(symbol in vocabulary for symbol in mark), "\r" in vocabulary
    held: Piece | None = None  # a carriage return that ended a piece, as a newline may follow
    for piece in pieces:
        text = piece.text
        if piece.start == 0:
            if held:
                yield held
            held = None
            text = text if keeps_mark else text.removeprefix(mark)
        if not keeps_returns:
            text = text if held is None else held.text + text
            held = replace(piece, start=piece.start + len(piece.text) - 1, text="\r") if text.endswith("\r") else None
            text = text.removesuffix("\r").replace("\r\n", "\n")
        yield replace(piece, text=text)
    if held:
        yield held


def to_sought(name: str, text: str | bytes, unit: str) -> str:
    """Convert a text that will be searched for, such as a separator, as ``to_symbols`` does.

    Raises:
        ConfigError: The text holds a lone surrogate, which no text of characters can hold.
    """
    symbols = to_symbols(text, unit)
    if unit == "character" and (found := SURROGATE.search(symbols)):
        raise ConfigError(f"{name} must hold characters only, not {found[0]!r}: take it out, or type it in UTF-8")
    return symbols


def known_symbols(symbols: str, vocabulary: Vocabulary, unknown: str = "error") -> str:
    """Omit or replace the symbols that the vocabulary lacks.

    Args:
        symbols: the symbols to read.
        vocabulary: the model's vocabulary.
        unknown: "error", "skip" to leave them out, or "replace" to put the closest known character in their place: a
            plain quote or dash, the letter without its accents or in the other case, or else a space.

    Raises:
        VocabularyError: The vocabulary lacks some, and ``unknown`` is "error".
        ConfigError: ``unknown`` is none of the three choices.
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
    """Return the known characters that replace an unknown one; "" if there are none."""
    if vocabulary.unit == "character":
        plain = unicodedata.normalize("NFKD", character.translate(ASCII_FORMS))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        if not plain:  # a combining mark
            return ""
        for form in (unicodedata.normalize("NFC", character), plain, plain.swapcase()):
            if form and vocabulary.find(form).min() >= 0:
                return form
    return " " if " " in vocabulary else ""
