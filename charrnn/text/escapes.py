"""Escapes for characters that are hard to type in a shell."""

import re

ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}


def unescaped(typed: str) -> str:
    """Replace the ESCAPES in a typed text by the characters that they stand for; keep other backslashes."""
    return re.sub(r"\\[nrt\\]", lambda match: ESCAPES[match[0]], typed)
