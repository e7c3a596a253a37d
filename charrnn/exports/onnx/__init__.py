"""ONNX: a graph that reads characters and gives logits, with the recurrent state as inputs and outputs.

    ids (T, B) int64, {state}_l{l} (B, H) -> logits (T, B, V), {state}_l{l}_next (B, H)

A model that writes for a label also has the input label (B,) int64. The file's metadata hold the vocabulary, the
options and the state before the first character.
"""

from charrnn.errors import ConfigError
from charrnn.exports.contract import Exported, Target

ABOUT = "a graph for ONNX Runtime and game engines, with the state as inputs and outputs"


def files(exported: Exported) -> dict[str, bytes]:
    """The ONNX file.

    Raises:
        ConfigError: the package onnx is missing, or ONNX has no operator for the model's layers.
    """
    portable = exported.model.portable()
    if portable.engine != "language":
        raise ConfigError(
            f"a model {exported.config.model} for task {exported.config.task} has no ONNX form: choose a recurrent "
            "model of text, or another --to"
        )
    try:
        from charrnn.exports.onnx.graph import RecurrentGraph
    except ImportError:
        raise ConfigError(
            "ONNX files need the package onnx: install it, for example with: pip install 'charrnn-cpu[onnx]'"
        ) from None
    return {"model.onnx": RecurrentGraph(exported.config, exported.vocabulary, portable).to_bytes()}


TARGET = Target(files)
