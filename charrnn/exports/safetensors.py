"""A checkpoint with the model alone: its weights and its header, without what only training needs."""

from charrnn.exports.contract import Exported, Target
from charrnn.storage.checkpoint import file_bytes, weights_only

ABOUT = "a checkpoint without the optimizer's state, which charrnn reads like any other"


def files(exported: Exported) -> dict[str, bytes]:
    """The checkpoint file."""
    return {"model.safetensors": file_bytes(weights_only(exported.checkpoint))}


TARGET = Target(files)
