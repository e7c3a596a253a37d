"""A model as an ES module with its types."""

import base64
import json

from charrnn.pages.bundle import kernel, script_of
from charrnn.pages.packing import PackedModel


def javascript_module(packed: PackedModel) -> str:
    """The module's text, in ASCII."""
    parts = {
        "DESCRIPTION": json.dumps(packed.description),
        "WEIGHTS": f'"{packed.as_base64}"',
        "KERNEL": f'"{base64.b64encode(kernel()).decode()}"',
    }
    constants = "".join(f"const {name} = {value};\n" for name, value in parts.items())
    return f"// A model of charrnn.\n{constants}{script_of('engine/module.js', exports=True)}"
