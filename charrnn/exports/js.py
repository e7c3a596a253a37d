"""An ES module: the model with the engine of pages, for a website or Node, and its types."""

import json
import re
import unicodedata
from pathlib import Path

from charrnn.exports.contract import Exported, Target
from charrnn.pages.module import javascript_module, javascript_types
from charrnn.pages.packing import pack_model
from charrnn.storage.run import Run

ABOUT = "a folder with an ES module for websites and Node"

NODE_PACKAGE = {
    "version": "1.0.0",
    "type": "module",
    "main": "./index.js",
    "types": "./index.d.ts",
    "exports": {".": {"types": "./index.d.ts", "default": "./index.js"}, "./package.json": "./package.json"},
    "sideEffects": False,
}
"""What tells Node, npm and bundlers how to import the module."""

LONGEST_PACKAGE_NAME = 100
"""Most characters of a package's name behind its prefix; npm allows 214."""


def js_files(exported: Exported) -> dict[str, bytes]:
    """The module, its types, and what makes the folder a package."""
    packed = pack_model(exported.model.portable(), exported.vocabulary, "float32")
    answers = exported.config.kind.answers
    return {
        "index.js": javascript_module(packed, answers=answers).encode(),
        "index.d.ts": javascript_types(answers=answers).encode(),
        "package.json": json.dumps({"name": package_name(exported.path), **NODE_PACKAGE}, indent=2).encode() + b"\n",
    }


def package_name(checkpoint: Path) -> str:
    """The name under which a program imports a model: its prefix keeps it apart from other packages.

    npm takes small letters of ASCII, digits and a few signs.
    """
    ascii_only = unicodedata.normalize("NFKD", Run.name_of(checkpoint)).encode("ascii", "ignore").decode().lower()
    return "charrnn-" + (re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:LONGEST_PACKAGE_NAME].strip("-") or "model")


TARGET = Target(js_files, folder=True)
