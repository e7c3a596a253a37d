"""What is typed for characters that a shell makes hard to type."""

import re

ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}


def unescaped(typed: str) -> str:
    """The text with ESCAPES as the characters that they stand for; other backslashes stay."""
    return re.sub(r"\\[nrt\\]", lambda match: ESCAPES[match[0]], typed)
