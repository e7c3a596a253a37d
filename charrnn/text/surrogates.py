r"""Surrogates: the halves, U+D800 to U+DFFF, of which UTF-16 makes a character beyond U+FFFF.

A half is no character, and JSON turns two halves in a row into the one character that they stand for. So no text
holds any: a pair becomes its character wherever a text comes in, and a lone half is refused, or is unknown to a model.
"""

import re

CODE_UNIT = "code unit"
"""The unit of a vocabulary of halves, which old models may have learned; no new one does."""

LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
"""A half without its other half."""

SURROGATE = re.compile("[\ud800-\udfff]")

BEYOND = re.compile("[\U00010000-\U0010fffe]")
"""What is a pair in UTF-16; the last code point ends documents and stays as it is."""


def has_surrogates(text: str) -> bool:
    """Whether the text holds any."""
    try:
        text.encode()  # several times faster than a search
    except UnicodeEncodeError:
        return True
    return False


def join_pairs(text: str) -> str:
    """The text with each pair as the character that it stands for."""
    if not has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def to_characters(text: str) -> str:
    """As ``join_pairs``, with lone halves as the replacement character."""
    return LONE.sub("\ufffd", join_pairs(text))


def split_pairs(text: str) -> str:
    """The text with each character beyond U+FFFF as a pair."""
    return BEYOND.sub(lambda match: _pair(ord(match[0]) - 0x10000), text)


def _pair(rest: int) -> str:
    return chr(0xD800 + (rest >> 10)) + chr(0xDC00 + (rest & 0x3FF))


def begun_pair(text: str) -> str:
    """The first half of a pair whose other half may follow the text; "" if the text does not end with one."""
    return text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
