"""JavaScript modules of this package joined to one script, without imports, comments and indents.

All modules share one scope there, so no two of them may define the same name; a test checks this.
"""

import re
from functools import cache
from pathlib import Path

PAGES = Path(__file__).parent

_IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.MULTILINE)
_COMMENT = re.compile(r"^ *(/\*\*?.*?\*/|//[^\n]*)\n| // [^\n\"'`]*$", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=class|const|function)", re.MULTILINE)


@cache
def script_of(entry: str, *, exports: bool = False) -> str:
    """The module ``entry`` and all that it imports, each after those that it needs.

    Args:
        entry: its path below this folder.
        exports: whether the names that the entry exports stay exported.
    """
    first = (PAGES / entry).resolve()
    seen: set[Path] = set()
    scripts: list[str] = []

    def add(path: Path) -> None:
        seen.add(path)
        text = path.read_text(encoding="utf-8")
        for name in _IMPORT.findall(text):
            if (other := (path.parent / name).resolve()) not in seen:
                add(other)
        own = _COMMENT.sub("", _IMPORT.sub("", text))
        scripts.append(own if exports and path == first else _EXPORT.sub("", own))

    add(first)
    return squeezed("".join(scripts))


def squeezed(text: str) -> str:
    """JavaScript or CSS without indents, and without line ends where brackets or commas end a token as well.

    No string of this package has several lines.
    """
    lines = re.sub(r"\n\s*", "\n", text).strip()
    return re.sub(r"(?<=[{(\[,;])\n|\n(?=[})\].])", "", lines) + "\n"


def read_source(name: str) -> str:
    """The text of a file of this folder."""
    return (PAGES / name).read_text(encoding="utf-8")


def kernel() -> bytes:
    """The assembled ``engine/product.wat``."""
    return (PAGES / "engine" / "product.wasm").read_bytes()
