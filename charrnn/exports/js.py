"""An ES module: the model with the engine of pages, for a website or Node, and its types."""

import json

from charrnn.exports.contract import Exported, Target
from charrnn.pages.module import javascript_module, javascript_types
from charrnn.pages.packing import pack_model

ABOUT = "a folder with an ES module for websites and Node"

NODE_PACKAGE = {"type": "module", "main": "index.js", "types": "index.d.ts"}


def js_files(exported: Exported) -> dict[str, bytes]:
    """The module, its types, and what tells Node that it is a module."""
    packed = pack_model(exported.model.portable(), exported.vocabulary, "float32")
    answers = exported.config.kind.answers
    return {
        "index.js": javascript_module(packed, answers=answers).encode(),
        "index.d.ts": javascript_types(answers=answers).encode(),
        "package.json": json.dumps(NODE_PACKAGE, indent=2).encode() + b"\n",
    }


TARGET = Target(js_files, folder=True)
