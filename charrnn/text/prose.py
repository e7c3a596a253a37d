"""Extract paragraphs of English prose from documentation, without code, tables and lists."""

import ast
import re
import warnings
from collections.abc import Iterator

SHORTEST_PARAGRAPH = 80
"""Least characters of a paragraph that is kept."""

BLANK_LINE = re.compile(r"\n[ \t]*\n")

SENTENCES = re.compile(r"""[A-Z"'(][\w .,;:!?'"()/-]*[.!?]""", re.ASCII)
"""What a paragraph, joined to one line, must look like."""

ENGLISH_WORD = re.compile(r"""["'(]*[A-Za-z][a-z]*(?:[-'/][a-z]+)*[.,;:!?)"']*""")
"""An English word; numbers, names with underscores and other parts of code do not match."""

ENGLISH_SHARE = 0.85
"""Least fraction of English words among the words of a paragraph."""

RST_ROLE, RST_MARKS = re.compile(r":[a-z:]+:(?=`)"), re.compile(r"[*`]+")
"""Markup of reStructuredText, which is removed from prose."""


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of prose in ``text``, each as one line."""
    for block in BLANK_LINE.split(text):
        lines = block.strip("\n").splitlines()
        if len({len(line) - len(line.lstrip()) for line in lines}) > 1:
            continue  # a list, a table or code
        joined = RST_MARKS.sub("", RST_ROLE.sub("", " ".join(block.split()))).replace("--", "-")
        if len(joined) < SHORTEST_PARAGRAPH or not SENTENCES.fullmatch(joined):
            continue
        words = joined.split()
        if sum(ENGLISH_WORD.fullmatch(word) is not None for word in words) >= ENGLISH_SHARE * len(words):
            yield joined


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstrings of a Python module, its classes and functions; none if ``source`` cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
