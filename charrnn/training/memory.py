"""How much memory training takes, by the shapes alone: what is sure to be needed at once, while a checkpoint is saved.

Beside it a process takes some 200 MB for its libraries and its compiled code.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from charrnn.cells.contract import find_cell
from charrnn.kernels.arrays import padded, row_stride
from charrnn.machine import require_memory
from charrnn.model.config import ModelConfig
from charrnn.model.parameters import input_weight, tensor_shapes
from charrnn.model.tdnn import tdnn_shapes
from charrnn.model.tensors import EMBEDDING
from charrnn.optimizers.contract import find_optimizer
from charrnn.training.settings import TrainingSettings

SAVING = 2
"""Copies that the safetensors library makes of what it saves."""

PER_COUNTED = 60
"""Bytes for each character that an n-gram model counts."""


def check_memory(config: ModelConfig, settings: TrainingSettings, steps: int) -> None:
    """See that a model can be trained in the memory that there is.

    Args:
        config: the model's shape.
        settings: the batch and the optimizer.
        steps: T, characters of each stream in the longest window.

    Raises:
        ConfigError: it cannot.
    """
    weights, activations = (
        weight_bytes(config, settings.optimizer),
        activation_bytes(config, steps, settings.batch_size),
    )
    advice = _largest_option(config)
    if activations > weights:
        advice = "--num-layers, " * (config.num_layers > 1) + "--batch-size or --seq-length"
    require_memory(weights + activations, "training this model", f"choose a smaller {advice}")


def check_memory_to_count(characters: int) -> None:
    """See that an n-gram model of a text can be counted in the memory that there is.

    Raises:
        ConfigError: it cannot.
    """
    require_memory(PER_COUNTED * characters, f"counting {characters:,} characters", "choose a shorter text")


def weight_bytes(config: ModelConfig, optimizer: str) -> int:
    """Bytes for what is learned: it, its gradient, the optimizer's state, the good state, packed matrices, tables."""
    return _of_all_layers(config, partial(_weight_bytes, optimizer=optimizer))


def activation_bytes(config: ModelConfig, steps: int, streams: int) -> int:
    """Bytes for a window of T steps and B streams."""
    return steps * streams * _of_all_layers(config, _row_bytes)


def _of_all_layers(config: ModelConfig, count: Callable[[ModelConfig], int]) -> int:
    """What a model takes, by those of two and three layers: each further layer takes as much as the third."""
    if config.num_layers <= 3:
        return count(config)
    two, three = (count(replace(config, num_layers=layers)) for layers in (2, 3))
    return two + (config.num_layers - 2) * (three - two)


def _weight_bytes(config: ModelConfig, optimizer: str) -> int:
    itemsize, states = config.dtype.itemsize, len(find_optimizer(optimizer).slots)
    shapes = _shapes(config)
    learned = itemsize * sum(padded(math.prod(shape), itemsize) for shape in shapes.values())
    # A one-hot input has no product: its matrix becomes a table.
    unpacked = {"" if config.tie_embedding else EMBEDDING, *([] if config.embedding_size else _input_weights(config))}
    matrices = sum(math.prod(shape) for name, shape in shapes.items() if len(shape) > 1 and name not in unpacked)
    packed = 2 * matrices * (2 if config.precision == "bf16" else itemsize)
    columns = config.context_size * config.hidden_size if config.model == "tdnn" else config.gate_width
    tables = 2 * len(_input_weights(config)) * config.vocab_size * padded(columns, itemsize) * itemsize
    copies = 2 + states + (1 + SAVING) * (1 + states)
    return copies * learned + packed + tables


def _row_bytes(config: ModelConfig) -> int:
    """Bytes for one character of one stream."""
    itemsize = config.dtype.itemsize
    units, logits, gates = (
        row_stride(columns, itemsize) for columns in (config.hidden_size, config.vocab_size, config.gate_width)
    )
    if config.model == "tdnn":
        numbers = (3 if config.dropout else 2) * units + logits
    else:
        cell = find_cell(config.cell)
        own_outputs = bool(config.dropout) or config.end_symbol
        arrays = len(cell.state) * (2 if config.end_symbol else 1) + len(cell.saved) + own_outputs
        numbers = config.num_layers * (gates + arrays * units) + units + logits
    return numbers * itemsize


def _shapes(config: ModelConfig) -> Mapping[str, tuple[int, ...]]:
    return tdnn_shapes(config) if config.model == "tdnn" else tensor_shapes(config)


def _input_weights(config: ModelConfig) -> list[str]:
    """Names of the matrices that the input is multiplied by."""
    return ["hidden.weight"] if config.model == "tdnn" else [input_weight(layer) for layer in config.input_layers]


def _largest_option(config: ModelConfig) -> str:
    """The options to which a model owes most of its size."""
    if config.model == "tdnn":
        widths = {"--hidden-size": config.hidden_size, "--embedding-size": config.embedding_size}
        return f"{max(widths, key=widths.__getitem__)} or --context-size"
    return (
        "--hidden-size or --num-layers"
        if config.embedding_size <= config.hidden_size * config.num_layers
        else "--embedding-size"
    )
