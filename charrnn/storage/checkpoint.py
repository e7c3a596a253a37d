"""A checkpoint: named arrays and a JSON header in one safetensors file, without pickle.

The file's metadata holds strings: ``format`` ("charrnn"), ``format_version``, ``header`` (JSON), ``tensors_checksum``
(CRC-32 of the tensors' bytes, in the order of their names) and ``checksum`` (CRC-32 of all the rest). Equal content
gives equal bytes. Callers decide what the header holds.

A file is not trusted: sizes are checked before memory is allocated, checksums before anything is used.
"""

import json
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from charrnn.errors import CheckpointError
from charrnn.machine import require_memory
from charrnn.storage.atomic import reason, write_atomically, writing

FORMAT = "charrnn"

FORMAT_VERSION = 2
"""Increased when older programs cannot read new files. Version 1 had clock times and no checksums."""

LENGTH_BYTES = 8
"""A safetensors file starts with the length of its JSON header, a little-endian integer of this many bytes."""

LARGEST_HEADER = 1 << 25
"""Most bytes of a header; a vocabulary of all of Unicode takes half of them."""

MOST_TENSORS = 1 << 16
"""Most tensors of a file, as many tiny ones would take long to read; a run has a few for each layer."""

CLOCKS_OF_VERSION_1 = {"seconds", "characters_since", "seconds_since"}

WEIGHTS_ONLY = "weights_only"
"""The header's field that is true where tensors of training were left out."""

OF_TRAINING = ("optimizer.", "state.", "good.")
"""Prefixes of the names of tensors that only training needs."""

TensorDict = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint file.

    Attributes:
        tensors: Arrays by name, of any shape, of a boolean, integer or floating dtype; all finite.
        header: Plain JSON values: on loading, tuples have become lists and keys strings.
    """

    tensors: TensorDict
    header: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to ``path``, whole or not at all.

    Raises:
        RunError: The file cannot be written; ``path`` is unchanged.
        ValueError: A number is not finite.
    """
    pieces = _encode(checkpoint)
    with writing(path):
        write_atomically(path, pieces)


def file_bytes(checkpoint: Checkpoint) -> bytes:
    """Return the bytes of the file that `save_checkpoint` writes.

    Raises:
        ValueError: A number is not finite.
    """
    return b"".join(_encode(checkpoint))


def weights_only(checkpoint: Checkpoint) -> Checkpoint:
    """Leave out what only training needs; the header then says so, and no run can be resumed from the result."""
    tensors = {name: tensor for name, tensor in checkpoint.tensors.items() if not name.startswith(OF_TRAINING)}
    if len(tensors) == len(checkpoint.tensors):
        return checkpoint
    header = {name: value for name, value in checkpoint.header.items() if name != "good"}
    return Checkpoint(tensors, header | {WEIGHTS_ONLY: True})


def is_resumable(header: Mapping[str, Any]) -> bool:
    """Whether a checkpoint with this header holds all that a resumed run needs."""
    return not header.get(WEIGHTS_ONLY)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read all of the checkpoint at ``path``.

    Raises:
        CheckpointError: The file is missing, not a checkpoint of charrnn, damaged, or of a newer format.
        ConfigError: The file is larger than the memory.
    """
    with _opened(path) as file:
        header, metadata = _header(path, file), file.metadata()
        require_memory(path.stat().st_size, f"reading {path}", "choose a smaller model")
        tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    if metadata.get("tensors_checksum", _checksum_of(tensors)) != _checksum_of(tensors):
        raise _not_ours(path, "its tensors have changed since they were written")
    for name, array in tensors.items():
        if array.dtype.kind == "V":  # an imported library has added types to NumPy's
            raise _not_ours(path, f"tensor {name} is of type {array.dtype}")
        if not _is_finite(array):
            raise _not_ours(path, f"tensor {name} is not finite")
    return Checkpoint(tensors, header)


def load_header(path: Path) -> dict[str, Any]:
    """Read the header of the checkpoint at ``path`` without its tensors.

    Raises:
        CheckpointError: As `load_checkpoint`.
    """
    with _opened(path) as file:
        return _header(path, file)


def stored_shapes(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Read the shape and dtype, such as "F32", of each tensor at ``path``, without the tensors themselves.

    Raises:
        CheckpointError: As `load_checkpoint`.
    """
    with _opened(path) as file:
        _header(path, file)
        return _shapes(file)


def _encode(checkpoint: Checkpoint) -> list[bytes | memoryview]:
    """Encode a checkpoint as pieces of a file, which are equal for equal content."""
    tensors = {name: _plain(array) for name, array in sorted(checkpoint.tensors.items())}
    for name, array in tensors.items():
        if not _is_finite(array):
            raise ValueError(f"tensor {name} is not finite")
    return _with_sorted_header(save(tensors, _metadata(checkpoint.header, _checksum_of(tensors))))


def stream_beginning(header: Mapping[str, Any], name: str, dtype: str, count: int, itemsize: int) -> bytes:
    """Encode the beginning of a file of one tensor (count,), whose bytes the caller writes after it.

    The tensor has no checksum, so ``load_checkpoint`` refuses the file, but `load_header` and `mapped` read it.
    """
    entry = {"dtype": dtype, "shape": [count], "data_offsets": [0, count * itemsize]}
    return signed_header({"__metadata__": _metadata(header, "none"), name: entry})


def mapped(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Memory-map the only tensor of the file at ``path``, whose type is known from `stored_shapes`."""
    with path.open("rb") as file:
        start = LENGTH_BYTES + int.from_bytes(file.read(LENGTH_BYTES), "little")
    return np.asarray(np.memmap(path, dtype, "r", offset=start))


def _metadata(header: Mapping[str, Any], tensors_checksum: str) -> dict[str, str]:
    return {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "header": json.dumps(header, sort_keys=True, allow_nan=False),
        "tensors_checksum": tensors_checksum,
    }


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array in the byte order and layout of the file."""
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _checksum_of(tensors: TensorDict) -> str:
    """Compute the CRC-32 of the tensors' bytes, in the order of their names, as 8 hexadecimal digits."""
    checksum = 0
    for _, array in sorted(tensors.items()):
        checksum = zlib.crc32(array.reshape(-1).view(np.uint8).data, checksum)
    return f"{checksum:08x}"


def _is_finite(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _with_sorted_header(data: bytes) -> list[bytes | memoryview]:
    """Replace the header of the safetensors file ``data`` by a sorted one; the library's order is random."""
    start = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    return [signed_header(json.loads(data[LENGTH_BYTES:start])), memoryview(data)[start:]]


def signed_header(entries: dict[str, Any]) -> bytes:
    """Encode the beginning of a safetensors file, up to the tensors: a sorted header with a checksum."""
    shapes = {name: (entry["shape"], entry["dtype"]) for name, entry in entries.items() if name != "__metadata__"}
    entries["__metadata__"]["checksum"] = _header_checksum(entries["__metadata__"], shapes)
    header = json.dumps(entries, sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # keeps the tensors aligned
    return len(header).to_bytes(LENGTH_BYTES, "little") + header


def _header_checksum(metadata: Mapping[str, str], shapes: Mapping[str, Any]) -> str:
    """Compute the CRC-32 of everything but the tensors' bytes, as 8 hexadecimal digits."""
    fields = {name: text for name, text in metadata.items() if name != "checksum"}
    return f"{zlib.crc32(json.dumps([fields, shapes], sort_keys=True).encode()):08x}"


def _shapes(file: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    views = {name: file.get_slice(name) for name in sorted(file.keys())}
    return {name: (tuple(view.get_shape()), str(view.get_dtype())) for name, view in views.items()}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open the safetensors file at ``path``, turning every error in its content into a CheckpointError."""
    try:
        _check_size(path)
        with safe_open(path, framework="np") as file:
            if (count := len(file.keys())) > MOST_TENSORS:
                raise _not_ours(path, f"it holds {count:,} tensors")
            yield file
    except OSError as error:
        raise _unreadable(path, reason(error)) from error
    except (
        SafetensorError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # the last three if a tensor is no NumPy array
        raise _not_ours(path, reason(error)) from error


def _check_size(path: Path) -> None:
    """Check that the file at ``path`` can hold the header that it announces, before memory is allocated for it."""
    try:
        status = path.stat()
    except ValueError as error:
        raise _unreadable(path, reason(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(path, "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is not a regular file")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if length > min(LARGEST_HEADER, status.st_size - LENGTH_BYTES):
        raise _not_ours(path, f"its header would be {length:,} bytes long")


def _header(path: Path, file: Any) -> dict[str, Any]:
    """Check the format and checksum of an open file, and return its header."""
    metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise _not_ours(path, "another program wrote it")
    try:
        version = int(metadata["format_version"])
    except (KeyError, ValueError) as error:
        raise _not_ours(path, "its header is broken") from error
    if version < 1:
        raise _not_ours(path, "its header is broken")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has checkpoint format {version}, this charrnn reads up to format "
            f"{FORMAT_VERSION}: upgrade charrnn-cpu"
        )
    signed = {"checksum", "tensors_checksum"} & metadata.keys()
    if len(signed) != 2 and (signed or version != 1):
        raise _not_ours(path, "its checksums are missing")
    if signed and metadata["checksum"] != _header_checksum(metadata, _shapes(file)):
        raise _not_ours(path, "its header has changed since it was written")
    try:
        header = json.loads(metadata["header"])
    except (KeyError, ValueError, RecursionError) as error:
        raise _not_ours(path, "its header is broken") from error
    if not isinstance(header, dict):
        raise _not_ours(path, "its header is broken")
    return _upgraded(header, version)


def _upgraded(header: dict[str, Any], version: int) -> dict[str, Any]:
    """Convert a header of an older format to the current one."""
    if version == 1 and isinstance(header.get("progress"), dict):
        progress = {name: value for name, value in header["progress"].items() if name not in CLOCKS_OF_VERSION_1}
        return header | {"progress": progress}
    return header


def _unreadable(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"cannot read the checkpoint {path}: {why}; see which runs there are with: charrnn runs")


def _not_ours(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is not a checkpoint of charrnn, or is damaged: {why}; choose another file or train again"
    )
