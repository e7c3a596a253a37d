"""Escapes for characters that are hard to type in a shell."""

import re

ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}


def unescaped(typed: str) -> str:
    """Replace ESCAPES by their characters; other backslashes stay."""
    return re.sub(r"\\[nrt\\]", lambda match: ESCAPES[match[0]], typed)
