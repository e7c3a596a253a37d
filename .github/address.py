"""Give a checkout its repository's address, before a package is built: ``python .github/address.py https://...``.

The address is known where the package is built, and nowhere in the sources. It becomes the project's URLs, and
README's links, which a package index shows outside the repository, become absolute.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

URLS = """
[project.urls]
Homepage = "{address}"
Documentation = "{address}/blob/main/docs/index.md"
Changelog = "{address}/blob/main/CHANGELOG.md"
Issues = "{address}/issues"
"""


def give_address(root: Path, address: str) -> None:
    """Write the address into ``pyproject.toml`` and ``README.md``."""
    project, readme = root / "pyproject.toml", root / "README.md"
    project.write_text(project.read_text(encoding="utf-8") + URLS.format(address=address), encoding="utf-8")
    text = re.sub(r"(!\[[^]]*\]\()(?!https?:)", rf"\g<1>{address}/raw/main/", readme.read_text(encoding="utf-8"))
    text = re.sub(r"\]\((?!https?:|#)", f"]({address}/blob/main/", text)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    give_address(ROOT, sys.argv[1].rstrip("/"))
