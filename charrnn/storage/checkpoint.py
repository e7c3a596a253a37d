"""A checkpoint: named arrays and a JSON header in one safetensors file, without pickle.

The file's metadata holds three strings: ``format`` ("charrnn"), ``format_version`` and ``header`` (JSON). Equal
content gives equal bytes. What the header holds is up to those who save it.
"""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from charrnn.errors import CheckpointError
from charrnn.storage.atomic import reason, write_atomically, writing

FORMAT = "charrnn"

FORMAT_VERSION = 1
"""Raised when older programs could no longer read a new file."""

LENGTH_BYTES = 8
"""A safetensors file starts with the length of its JSON header, little-endian."""


@dataclass(frozen=True)
class Checkpoint:
    """What one file holds.

    Attributes:
        tensors: Arrays by name, of any shape, of a boolean, integer or floating dtype.
        header: Plain JSON values: on loading, tuples have become lists and keys strings.
    """

    tensors: dict[str, npt.NDArray[Any]]
    header: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to ``path``, whole or not at all.

    Raises:
        RunError: The file cannot be written; ``path`` is as it was before.
    """
    pieces = _encode(checkpoint)
    with writing(path):
        write_atomically(path, pieces)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read all of the checkpoint at ``path``.

    Raises:
        CheckpointError: There is no such file, or it is not a checkpoint of ours, damaged, or of a newer format.
    """
    with _opened(path) as file:
        header = _header(path, file.metadata())
        return Checkpoint({name: file.get_tensor(name) for name in sorted(file.keys())}, header)


def load_header(path: Path) -> dict[str, Any]:
    """Read only the header of the checkpoint at ``path``, which takes no longer for a large model.

    Raises:
        CheckpointError: As `load_checkpoint`.
    """
    with _opened(path) as file:
        return _header(path, file.metadata())


def tensor_shapes(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and dtype, such as "F32", of each tensor at ``path`` by name, without reading the tensors.

    Raises:
        CheckpointError: As `load_checkpoint`.
    """
    with _opened(path) as file:
        _header(path, file.metadata())
        views = {name: file.get_slice(name) for name in sorted(file.keys())}
        return {name: (tuple(view.get_shape()), str(view.get_dtype())) for name, view in views.items()}


def _encode(checkpoint: Checkpoint) -> list[bytes | memoryview]:
    """The pieces of the file, the same for equal content."""
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "header": json.dumps(checkpoint.header, sort_keys=True),
    }
    arrays = {name: np.asarray(array, order="C") for name, array in sorted(checkpoint.tensors.items())}
    return _with_sorted_header(save(arrays, metadata))


def _with_sorted_header(data: bytes) -> list[bytes | memoryview]:
    """The safetensors file ``data`` with sorted keys: the library orders metadata differently each time."""
    start = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    entries = json.loads(data[LENGTH_BYTES:start])
    header = json.dumps(entries, sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # keeps the tensors aligned
    return [len(header).to_bytes(LENGTH_BYTES, "little"), header, memoryview(data)[start:]]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The open safetensors file at ``path``; all that goes wrong with its content becomes a CheckpointError."""
    _check_regular(path)
    try:
        with safe_open(path, framework="np") as file:
            yield file
    except OSError as error:
        raise _unreadable(path, reason(error)) from error
    except (SafetensorError, ValueError, TypeError, AttributeError) as error:  # the last three: no array of NumPy's
        raise _not_ours(path, reason(error)) from error


def _check_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise _unreadable(path, reason(error)) from error
    if not stat.S_ISREG(mode):
        raise _unreadable(path, "it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file")


def _header(path: Path, metadata: dict[str, str] | None) -> dict[str, Any]:
    """The header in a file's ``metadata``, once its format is known to be ours."""
    fields = metadata or {}
    if fields.get("format") != FORMAT:
        raise _not_ours(path, "another program wrote it")
    try:
        version = int(fields["format_version"])
        header = json.loads(fields["header"])
    except (KeyError, ValueError, RecursionError) as error:
        raise _not_ours(path, "its header is broken") from error
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has checkpoint format {version}, this charrnn reads up to format {FORMAT_VERSION}; upgrade charrnn"
        )
    if version < 1 or not isinstance(header, dict):
        raise _not_ours(path, "its header is broken")
    return header


def _unreadable(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"cannot read the checkpoint {path}: {why}; see which runs there are with: charrnn runs")


def _not_ours(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is not a checkpoint of charrnn, or is damaged: {why}; choose another file or train again"
    )
