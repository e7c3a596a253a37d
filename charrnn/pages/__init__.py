"""A model as one HTML file that writes, reads and shows its units without a server.

``engine`` holds the network in JavaScript, which ``charrnn export --to js`` shares; ``views`` holds what is seen.
"""

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from string import Template

from charrnn import __version__
from charrnn.api import Model
from charrnn.pages.bundle import kernel, read_source, script_of, squeezed
from charrnn.pages.packing import pack_model
from charrnn.pages.story import story_of


def html(model: Model, *, path: Path | None = None, precision: str = "int8", text: str = "") -> str:
    """Build the page of a model.

    Args:
        model: the model.
        path: its checkpoint, from whose run the page tells how it was trained; None tells nothing of that.
        precision: "int8" or "float32", in which the page holds the matrices.
        text: what the page reads at first; a text of the model's own if not given.

    Raises:
        ConfigError: models of this kind do not run in JavaScript, or the precision is unknown.
        CheckpointError: the checkpoint cannot be read.
    """
    packed = pack_model(model.portable(), model.vocabulary, precision)
    story = story_of(model, path)
    description = packed.description | {"story": story, "text": text, "precision": precision}
    entry = "views/answering-page.js" if model.config.kind.answers else "views/page.js"
    script, style = script_of(entry), squeezed(read_source("views/page.css"))
    return Template(read_source("views/page.html")).substitute(
        policy=policy(script, style),
        version=__version__,
        title=escape(f"{story['name']}, a model of charrnn"),
        style=style,
        description=json_in_script(description),
        weights=packed.as_base64,
        kernel=base64.b64encode(kernel()).decode(),
        script=script,
    )


def json_in_script(value: object) -> str:
    """JSON in ASCII that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def policy(script: str, style: str) -> str:
    """A content security policy that allows this script, this style and WebAssembly, and no request at all."""
    of_script, of_style = (hashlib.sha256(part.encode()).digest() for part in (script, style))
    allowed = f"script-src {_hashed(of_script)} 'wasm-unsafe-eval'; style-src {_hashed(of_style)}; img-src data:"
    return f"default-src 'none'; {allowed}"


def _hashed(digest: bytes) -> str:
    return f"'sha256-{base64.b64encode(digest).decode()}'"
