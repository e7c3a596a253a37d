"""A model as an ES module with its types."""

import base64
import json

from charrnn.pages.bundle import kernel, read_source, script_of
from charrnn.pages.packing import PackedModel


def javascript_module(packed: PackedModel, *, answers: bool) -> str:
    """The module's text, in ASCII; ``answers`` is whether the model answers instead of writing."""
    parts = {
        "DESCRIPTION": json.dumps(packed.description),
        "WEIGHTS": f'"{packed.as_base64}"',
        "KERNEL": f'"{base64.b64encode(kernel()).decode()}"',
    }
    entry = "engine/answering.js" if answers else "engine/module.js"
    constants = "".join(f"const {name} = {value};\n" for name, value in parts.items())
    return f"// A model of charrnn.\n{constants}{script_of(entry, exports=True)}"


def javascript_types(*, answers: bool) -> str:
    """The types of a module."""
    return read_source("engine/module.d.ts").replace("KIND", "Answerer" if answers else "Writer")
