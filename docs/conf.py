"""The documentation as a site: ``sphinx-build -W -c docs . build/docs``, with the extra ``docs``.

The source folder is the whole repository, so that links between pages are the same here and there.
"""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

project = "charrnn"
copyright = "the charrnn contributors"
[version] = re.findall(r'^__version__ = "(.*)"', (ROOT / "charrnn" / "__init__.py").read_text(), re.MULTILINE)

extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/*.md", "benchmarks/*.md"]
root_doc = "docs/index"
html_theme = "furo"
html_title = "charrnn"
myst_heading_anchors = 3


def folders_as_text(app: Any, page: str, source: list[str]) -> None:
    """Make links to folders of the repository, which are no pages, text."""

    def replaced(link: re.Match[str]) -> str:
        text, target = link.groups()
        return text if Path(app.srcdir, page).parent.joinpath(target).is_dir() else link.group()

    source[0] = re.sub(r"\[([^\]]+)\]\(([^):#]+)\)", replaced, source[0])


def setup(app: Any) -> None:
    """Read pages so."""
    app.connect("source-read", folders_as_text)
