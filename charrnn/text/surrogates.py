r"""Surrogates: the halves, U+D800 to U+DFFF, of pairs by which UTF-16 encodes characters beyond U+FFFF.

A half is not a character, and JSON joins two consecutive halves. So no text contains surrogates: wherever a text is
read, a pair becomes its character, and a lone half is an error or counts as unknown to the model.
"""

import re

CODE_UNIT = "code unit"
"""The unit of a vocabulary that contains surrogates; only models of older versions have one."""

LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
"""A half without the other half."""

SURROGATE = re.compile("[\ud800-\udfff]")

BEYOND = re.compile("[\U00010000-\U0010fffe]")
"""Characters that are pairs in UTF-16, except the last code point, which stands for the end of a document."""


def has_surrogates(text: str) -> bool:
    """Whether the text contains surrogates."""
    try:
        text.encode()  # several times faster than a search
    except UnicodeEncodeError:
        return True
    return False


def join_pairs(text: str) -> str:
    """Replace each pair by its character."""
    if not has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def to_characters(text: str) -> str:
    """Replace each pair by its character, and each lone half by the replacement character."""
    return LONE.sub("\ufffd", join_pairs(text))


def split_pairs(text: str) -> str:
    """Replace each character beyond U+FFFF by its pair."""
    return BEYOND.sub(lambda match: _pair(ord(match[0]) - 0x10000), text)


def _pair(rest: int) -> str:
    return chr(0xD800 + (rest >> 10)) + chr(0xDC00 + (rest & 0x3FF))


def begun_pair(text: str) -> str:
    """Return the text's last character if it is the first half of a pair, else ""."""
    return text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
